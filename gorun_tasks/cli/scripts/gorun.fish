function __gorun_complete
    set -l words (commandline -opc)
    $words[1] --completion fish $words (commandline -ct) 2>/dev/null
end
complete -c gorun -f -a '(__gorun_complete)'
