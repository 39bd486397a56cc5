#!/usr/bin/env python3
"""Writes a header with the absolute paths of the sample programs: sample_paths.py HEADER [NAME FILE]..."""
import os
import sys

with open(sys.argv[1], 'w', encoding='utf-8') as header:
    header.write('#pragma once\n')
    for name, path in zip(sys.argv[2::2], sys.argv[3::2]):
        header.write(f'inline constexpr const char* {name} = "{os.path.abspath(path)}";\n')
