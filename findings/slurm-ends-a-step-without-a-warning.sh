#!/usr/bin/env bash
# A Slurm job step gets no SIGTERM where one would count on it: not from `scancel JOB.STEP`, and not when srun gets one.
#
# A good guess: `scancel 123.0` does to the step what `scancel 123` does to the job: SIGCONT and SIGTERM, then KillWait seconds (30 by default)
#   for cleaning up, then SIGKILL; the notes of scancel's manual page say so of "the running job/step(s)". And `timeout 600 srun …` sends
#   SIGTERM to srun, which hands the signals it gets on to its tasks.
# Why it is wrong: both send SIGKILL at once. The task sees no signal and cannot close its browser or finish its run; srun ends with 137.
#   SIGHUP to srun (a lost connection) does the same. Only cancelling the whole job, or naming the signal as in
#   `scancel --signal=TERM 123.0`, gives the task its SIGTERM.
# Versions: Slurm 22.05.8 (Debian 12's slurm-wlm), KillWait 20, proctrack/linuxproc; one node, set up by the script (needs root).
# Source: found by writing down the signals that arrive; man scancel, NOTES, describes the order for a call without --signal and does not
#   set steps apart.
set -euo pipefail

command -v slurmctld slurmd munged > /dev/null || apt-get install -y -qq --no-install-recommends slurm-wlm munge > /dev/null
tmp=$(mktemp -d)
stop() {
    for pid in slurmd slurmctld munged; do
        [ ! -s "$tmp/$pid.pid" ] || kill "$(cat "$tmp/$pid.pid")" 2>/dev/null || true
    done
    sleep 2
    rm -rf "$tmp" 2>/dev/null || { sleep 3; rm -rf "$tmp"; }
}
trap stop EXIT
cd "$tmp"
mkdir -m 700 key spool state
head -c 64 /dev/urandom > key/key
chmod 400 key/key
node=$(hostname -s)
read -r port1 port2 < <(python3 -c '
import socket
held = [socket.socket() for _ in range(2)]
for one in held:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))')
cat > slurm.conf <<CONF
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$tmp/key/socket
SlurmctldPort=$port1
SlurmdPort=$port2
StateSaveLocation=$tmp/state
SlurmdSpoolDir=$tmp/spool
SlurmctldPidFile=$tmp/slurmctld.pid
SlurmdPidFile=$tmp/slurmd.pid
SlurmctldLogFile=$tmp/slurmctld.log
SlurmdLogFile=$tmp/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
KillWait=20
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=$node NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=60 State=UP
CONF
export SLURM_CONF=$tmp/slurm.conf
munged --force --key-file="$tmp/key/key" --socket="$tmp/key/socket" --pid-file="$tmp/munged.pid" --log-file="$tmp/munged.log" \
    --seed-file="$tmp/key/seed" 2> /dev/null
slurmctld -f slurm.conf
slurmd -f slurm.conf
for _ in $(seq 60); do [ "$(sinfo -h -o %T 2> /dev/null)" = idle ] && break; sleep 1; done
sinfo --version

cat > task.py <<'PY'
import signal
import sys
import time

record = open(sys.argv[1], "a", buffering=1)


def note(number, frame):
    record.write(signal.Signals(number).name + "\n")
    if number != signal.SIGCONT:
        sys.exit(0)


for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGCONT):
    signal.signal(one, note)
record.write("up\n")
time.sleep(100)
PY
try() { # $1: name, the rest: how to end it (sees $job, $srun)
    local name=$1 job srun
    shift
    printf '%s\n' '#!/bin/bash' "trap '' TERM" "srun python3 $tmp/task.py $tmp/$name & echo \$! > $tmp/$name.srun" \
        'status=$?; while kill -0 $! 2>/dev/null; do wait $!; status=$?; done' "echo \$status > $tmp/$name.status" > batch
    job=$(sbatch --parsable -o "$tmp/$name.out" batch)
    for _ in $(seq 150); do [ -s "$name" ] && break; sleep 0.2; done
    srun=$(cat "$name.srun")
    sleep 1
    "$@"
    for _ in $(seq 60); do [ -s "$name.status" ] && break; sleep 0.2; done
    seen=$(sed 1d "$name" | paste -sd ' ')
    echo "  $name: the task saw: ${seen:-nothing}; srun's status $(cat "$name.status" 2> /dev/null || echo unknown)"
    scancel --signal=KILL --full "$job" 2> /dev/null || true
    scancel "$job" 2> /dev/null || true
    for _ in $(seq 100); do [ "$(sinfo -h -o %T)" = idle ] && break; sleep 0.3; done
}
step() { scancel "$job.0"; }
step_term() { scancel --signal=TERM "$job.0"; }
whole() { scancel "$job"; }
srun_term() { kill -TERM "$srun"; }
srun_hup() { kill -HUP "$srun"; }

try scancel-step step
[ -z "$seen" ] && [ "$(cat scancel-step.status)" = 137 ]
try sigterm-to-srun srun_term
[ -z "$seen" ] && [ "$(cat sigterm-to-srun.status)" = 137 ]
try sighup-to-srun srun_hup
[ -z "$seen" ] && [ "$(cat sighup-to-srun.status)" = 137 ]
try scancel-signal-step step_term
[ "$seen" = SIGTERM ]
try scancel-job whole
grep -q SIGTERM scancel-job
echo "As found: a step that is cancelled, or whose srun is told to end, is killed without a warning."
