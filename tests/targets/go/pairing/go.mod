module example.org/pairing

go 1.18
