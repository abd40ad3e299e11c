"""`python -m gorun_tasks` is `gorun`."""

from gorun_tasks.main import main

if __name__ == "__main__":
    main()
