#!/usr/bin/env bash
# Start a SLURM of one node on this machine, for tests of the engine: munged, slurmctld, slurmd.
#
#   bash tests/engines/start_slurm.sh FOLDER          state, logs and slurm.conf go to FOLDER
#   export SLURM_CONF=FOLDER/slurm.conf               then sbatch, squeue and scontrol find it
#   bash tests/engines/start_slurm.sh FOLDER stop     ends the three daemons
#
# Needs root and Debian's packages slurm-wlm and munge. Port numbers are above the usual ones, so
# that a SLURM that is installed here for real isn't disturbed.
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: start_slurm.sh FOLDER [stop]" >&2; exit 2; }
for program in munged slurmctld slurmd sinfo; do
    command -v "$program" >/dev/null || { echo "start_slurm.sh: $program is missing; apt install slurm-wlm munge" >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "start_slurm.sh: slurmd needs root" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
export SLURM_CONF=$folder/slurm.conf

stop() {
    local daemon pid
    for daemon in slurmd slurmctld munged; do
        [ -s "$folder/$daemon.pid" ] || continue
        pid=$(cat "$folder/$daemon.pid")
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        rm -f "$folder/$daemon.pid"
    done
}

if [ "${2:-}" = stop ]; then stop; exit; fi
stop

# munge trusts only a socket and a key in folders that nobody else can write.
install -d -m 700 "$folder/munge" "$folder/log"
install -d -m 755 "$folder/socket" "$folder/state" "$folder/spool"
[ -s "$folder/munge/munge.key" ] || dd if=/dev/urandom of="$folder/munge/munge.key" bs=1024 count=1 status=none
chmod 400 "$folder/munge/munge.key"
munged --force --key-file="$folder/munge/munge.key" --socket="$folder/socket/munge" \
    --pid-file="$folder/munged.pid" --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed"

node=$(hostname -s)
memory=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
cat >"$SLURM_CONF" <<CONF
ClusterName=tests
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/socket/munge
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
# No control groups: containers and virtual machines often have none that slurmd may use.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
JobRequeue=1
KillWait=20
MinJobAge=600
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=tests Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
slurmctld -c -f "$SLURM_CONF"
slurmd -c -f "$SLURM_CONF"
for _ in $(seq 150); do
    if [ "$(sinfo --noheader --format=%t 2>/dev/null)" = idle ]; then
        echo "export SLURM_CONF=$SLURM_CONF"
        exit
    fi
    sleep 0.2
done
tail -n 20 "$folder"/log/*.log >&2
echo "start_slurm.sh: the node didn't come up; its logs are above" >&2
exit 1
