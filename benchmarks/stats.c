/* stats LIST PROGRAM: stat every path in LIST, then become PROGRAM. What the same look costs in C. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **words)
{
    FILE *list = count > 2 ? fopen(words[1], "r") : NULL;
    if (list == NULL)
        return 2;
    static char path[8192];
    struct stat status;
    while (fgets(path, sizeof path, list)) {
        path[strcspn(path, "\n")] = 0;
        if (stat(path, &status) != 0) {
            perror(path);
            return 1;
        }
    }
    execv(words[2], words + 2);
    return 126;
}
