module example.org/callbacks

go 1.18
