# What every job's shell starts with. A signal that asks a job to stop goes to all its processes; a training then saves
# its state and exits with status 75: the shell waits for that, and the log outlives it.
set -euo pipefail
trap : INT TERM USR1

# log FILE: show what is piped in, and keep it.
log() {
    trap '' INT TERM USR1
    exec tee "$1"
}
