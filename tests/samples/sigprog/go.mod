module example.com/sigprog

go 1.24
