#!/usr/bin/env python3
"""Calls that end in unusual ways: which of them are reported as returned, as unwound, or not at all."""

import harness


class Pairing(harness.TraceCase):
    target_name = "pairing-O2"

    def run_mode(self, mode, *, options=(), **more):
        """The trace without its signals."""
        lines = self.trace(self.target(self.target_name), "expected", mode, options=[
            "-e", "trace=none", "--funcs", "^t_", *options], **more)
        return [line for line in lines if not line.lstrip().startswith("--- SIG")]

    def check(self, mode, **more):
        got = self.run_mode(mode, **more)
        self.assert_same_lines(self.lines("expected"), got)

    def test_every_way_to_jump(self):
        self.check("jumps")

    def test_handlers(self):
        self.check("handlers")

    def test_handlers_on_a_signal_stack(self):
        self.check("signal-stack")

    def test_coroutines(self):
        self.check("swapped")

    def test_stack_used_again(self):
        self.check("recycled")


class PairingO0(Pairing):
    target_name = "pairing-O0"


class PairingStatic(Pairing):
    target_name = "pairing-static"


class PairingI386(Pairing):
    target_name = "pairing-i386"


if __name__ == "__main__":
    harness.main()
