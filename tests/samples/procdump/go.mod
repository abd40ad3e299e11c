module example.com/procdump

go 1.24
