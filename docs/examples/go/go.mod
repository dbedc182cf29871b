module filch_example

go 1.19
