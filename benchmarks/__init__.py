"""How long things take: `python -m benchmarks --help`.

    workloads    the Go programs that are started
    ways         the ways to start them: gorun and its peers
    situations   what happened since the last start
    plan         which ways are timed in which situation of which workload
    stopwatch    times whole processes, one after another
    measure      paired rounds, and what is said of them
    goals        what was wanted, beside what was measured
    scaling      overhead over the number of input files
    loop         watchers: from a save to the new program, and what goes wrong on the way
    watchers     gorun's watch and its peers
    saves        the programs they watch, and what is saved
    results      the JSON file: cells of numbers, kept between runs
    chart, text  pictures and tables of results; `watching` has those of watchers
    kit          what is installed and downloaded to measure with

A number is the median over rounds in which each way ran once, in rotating order, as a whole
process. It must never count a run that started another program than the sources say: those are
marked.
"""
