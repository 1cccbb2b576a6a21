"""This machine: services, processes, users, kernel."""

from __future__ import annotations

from boringops.commands import Program, Rule, Verdict

READ, REACH, DESTROY = Verdict.READ, Verdict.REACH, Verdict.DESTROY

PROGRAMS = (
    Program(
        "systemctl service launchctl rc-service",
        flags="--user --no-pager -q --system",
        rules=(
            Rule("status|show|list-units|list-unit-files|is-active|is-enabled|is-failed|cat|list-timers|"
                 "list-dependencies", READ, "only looks", match=("systemctl status x", "systemctl --user is-active x")),
            Rule("", DESTROY, "changes what runs on this machine",
                 match=("systemctl stop x", "systemctl restart x", "service x stop")),
        ),
    ),
    Program("journalctl dmesg last who w",
            (Rule("!--vacuum-size|--vacuum-time|--vacuum-files|--rotate|--flush|-C|-c|--clear|--read-clear", READ,
                  "only looks", match=("journalctl -u x",), not_match=("journalctl --vacuum-time=1d",)),
             Rule("", DESTROY, "deletes logs", match=("journalctl --vacuum-time=1d",)))),
    Program("kill pkill killall skill",
            (Rule("-l|-L $", READ, "lists signals", match=("kill -l",)),
             Rule("", DESTROY, "ends processes it did not start", match=("kill -9 1", "pkill -f x")))),
    Program("reboot shutdown halt poweroff init telinit",
            (Rule("", DESTROY, "stops this machine", match=("reboot",)),)),
    Program("mount umount swapon swapoff modprobe insmod rmmod sysctl losetup",
            (Rule("", DESTROY, "changes this machine's kernel or disks", match=("sysctl -w x=1", "mount a b")),)),
    Program("chattr mkfs.ext4 mkfs.xfs mkfs.btrfs cryptsetup efibootmgr",
            (Rule("", DESTROY, "changes this machine's disks", match=("chattr -i x",)),)),
    Program("useradd userdel usermod groupadd groupdel passwd chpasswd visudo chsh chage setfacl",
            (Rule("", DESTROY, "changes users or rights", match=("userdel x",)),)),
    Program("iptables ip6tables nft ufw firewall-cmd ip ifconfig route",
            (Rule("", DESTROY, "changes this machine's network", match=("ufw disable", "iptables -F")),)),
    Program("crontab at batch",
            (Rule("-l $", READ, "lists jobs", match=("crontab -l",)),
             Rule("", DESTROY, "changes what runs later", match=("crontab -r",)))),
    Program("certbot acme.sh", (Rule("", DESTROY, "changes certificates", match=("certbot renew",)),)),
    Program("nginx apachectl httpd caddy haproxy",
            (Rule("-t|-T|-v|-V|-c $", READ, "checks configuration", match=("nginx -t",)),
             Rule("validate|version", READ, "checks configuration", match=("caddy validate",)),
             Rule("", DESTROY, "changes what runs on this machine", match=("nginx -s stop",)))),
    Program("promtool amtool", (Rule("check|test|--version", READ, "checks configuration",
                                     match=("promtool check rules x.yml",)),
                                Rule("", REACH, "asks a server", match=("promtool query instant x y",)))),
)  # fmt: skip
