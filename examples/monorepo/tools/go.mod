module example.com/teahouse/tools

go 1.24

require example.com/teahouse/shared v0.0.0

replace example.com/teahouse/shared => ../shared
