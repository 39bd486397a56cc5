module example.org/assembly

go 1.18
