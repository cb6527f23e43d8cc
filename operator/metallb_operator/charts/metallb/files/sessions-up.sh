#!/bin/sh
# The startup probe of FRR: succeeds once the BGP sessions of this node are up, so that a rollout
# goes on to the next node only then. Sessions that are not up in time do not hold it: the log of
# FRR names them. bgpd must run, however much time has passed.
#
# Written for the shells of Alpine (BusyBox) and Debian (dash). Tests give the root of a file system.

root=${1:-}
export VTYSH_HISTFILE=/dev/null
# Established and quiet for so many milliseconds: routes are announced by then. bgpd waits for a
# second before it sends the first ones, MetalLB collects changes for up to three.
settled=3000

fail() {
    echo "$1"
    exit 1
}

# Who started bgpd, and how many seconds ago: fields 4 and 22 of its stat, the latter in hundredths
# of a second since boot (proc(5)).
born() {
    pid=$(cat "$root/var/run/frr/bgpd.pid" 2>/dev/null) || return 1
    stat=$(cat "$root/proc/$pid/stat" 2>/dev/null) || return 1
    case $stat in "$pid (bgpd) Z"*) return 1 ;; "$pid (bgpd) "*) ;; *) return 1 ;; esac
    read -r uptime _ <"$root/proc/uptime"
    # shellcheck disable=SC2086 # fields 3 and on, as arguments
    set -- ${stat#*) }
    echo "$2 $((${uptime%.*} - ${20} / 100))"
}

# frr-reloader.sh (MetalLB, frr-k8s) notes what has become of the file it was told to load.
unloaded() {
    reloader=$root/etc/frr_reloader
    case $(cat "$reloader/.status" 2>/dev/null) in
        *success) [ "$reloader/frr.conf" -nt "$reloader/.status" ] && echo "FRR is configured anew" ;;
        *failure) echo "FRR has not taken its configuration" ;;
        *) echo "FRR has no configuration yet" ;;
    esac
}

# Peers that are shut down on purpose, or for too many prefixes, come up by nobody's waiting.
lacking() {
    summary=$(vtysh -d bgpd -c 'show bgp vrf all summary json' 2>/dev/null) || {
        echo "bgpd does not answer"
        return
    }
    printf '%s\n' "$summary" | tr ',{' '\n\n' | awk -v settled="$settled" '
        /^[ \t]*"[^"]*":[ \t]*$/ { split($0, word, "\""); peer = word[2] }
        /^[ \t]*"peerUptimeMsec":/ { up = $0; gsub(/[^0-9]/, "", up) }
        /^[ \t]*"state":/ {
            split($0, word, "\""); state = word[4]
            if (state ~ /\(/) next
            if (state != "Established") print "session with " peer " is " state
            else if (up + 0 < settled) print "session with " peer " has just come up"
        }' | sort -u
}

born=$(born) || fail "bgpd does not run"
read -r limit 2>/dev/null <"$root/etc/frr/session-timeout"
case $limit in '' | *[!0-9]*) limit=30 ;; esac
[ "$limit" -gt 0 ] || exit 0

waiting=$(unloaded)
waiting=${waiting:-$(lacking)}
[ -n "$waiting" ] || exit 0
waiting=$(echo "$waiting" | tr '\n' ',' | sed 's/,$//; s/,/, /g')
[ "${born#* }" -ge "$limit" ] || fail "$waiting"
# tini, whose output is the log of the container.
echo "sessions-up.sh: after $limit s the node counts as ready all the same: $waiting" \
    2>/dev/null >>"$root/proc/${born% *}/fd/1"
exit 0
