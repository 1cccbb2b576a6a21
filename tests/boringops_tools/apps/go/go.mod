module example.org/links

go 1.25.1
