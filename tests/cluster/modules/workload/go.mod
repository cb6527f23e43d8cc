module cluster.test/workload

go 1.25
