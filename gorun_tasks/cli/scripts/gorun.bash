_gorun() {
    local IFS=$'\n'
    COMPREPLY=($("${1/#\~/$HOME}" --completion bash "${COMP_LINE:0:COMP_POINT}" \
        "$COMP_WORDBREAKS" 2>/dev/null))
    if [[ ${COMPREPLY[0]} == *[=/] ]]; then compopt -o nospace; fi
}
complete -o default -F _gorun gorun
