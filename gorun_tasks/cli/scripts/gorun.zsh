#compdef gorun
_gorun() {
    local -a typed=("${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}") shown
    local line value meaning
    ${~typed[1]} --completion zsh "$typed[@]" 2>/dev/null | while IFS= read -r line; do
        value=${line%%$'\t'*} meaning=${line#*$'\t'}
        shown=("$value${meaning:+  -- $meaning}")
        if [[ $value == *[=/] ]]; then
            compadd -S '' -d shown -- "$value"
        else
            compadd -d shown -- "$value"
        fi
    done
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _gorun "$@"; else compdef _gorun gorun; fi
