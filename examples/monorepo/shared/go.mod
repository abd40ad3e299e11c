module example.com/teahouse/shared

go 1.24
