"""What scripts/fly runs. Each command has a module with its name: deploy, bench, destroy.

main          from the command line to the exit code
usage         the table of options, and --help
options       the command line, and what an option may be
messages      what users read and are asked; Problem, which ends a command
signals       Ctrl-C and its like
flyctl        how flyctl is found and run, and how its answers are read
config        what the configuration (fly.toml) says
app, machine  what Fly knows of the app, its addresses and its Machines
verification  whether the greeting comes back from an address (deploy)
generator     the Machine that runs hello-load (bench)
"""
