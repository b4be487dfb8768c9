"""Mounts, and which of them may be measured."""

from __future__ import annotations

import pytest

from truthmap_collector.mounts import elsewhere, obstacles, parse

# The order is the kernel's, not that of mounting: here / was mounted after /dev.
MOUNTINFO = r"""
23 28 0:6 / /dev rw,nosuid shared:2 - devtmpfs udev rw,size=1000k,mode=755
24 23 0:22 / /dev/shm rw,nosuid,nodev shared:3 - tmpfs tmpfs rw
28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
30 28 0:20 / /proc rw - proc proc rw
31 28 254:2 / /srv/with\040space\134and\011tab rw,relatime - xfs /dev/vdb ro,attr2
32 28 254:1 /var/lib/x /bind rw,relatime - ext4 /dev/vda1 rw
33 28 0:50 / /net rw - nfs4 filer:/export\040one rw,addr=10.0.0.1
34 33 7:0 / /net/image ro - squashfs /dev/loop0 ro
35 28 254:3 / /covered/data rw - ext4 /dev/vdc rw
36 28 0:51 / /covered rw - fuse.sshfs user@host:/ rw
37 28 254:4 / /twice rw - ext4 /dev/vdd rw
38 37 254:5 / /twice rw - ext4 /dev/vde rw
39 28 0:52 / /auto rw - autofs systemd-1 rw
40 39 254:6 / /auto rw - vfat /dev/vdf rw
41 28 254:7 / /data rw master:1 propagate_from:2 - ext4 /dev/vdg rw
42 28 254:8 / /database rw - ext4 /dev/vdh rw
garbage
43 28 254:9 / /short - ext4
"""


def test_parse() -> None:
    """Escaped paths and sources are plain text, optional fields are passed over, garbage is too."""
    found = {mount.number: mount for mount in parse(MOUNTINFO)}

    assert found["31"].path == "/srv/with space\\and\ttab"
    assert found["31"].options == "rw,relatime,ro"
    assert found["33"].source == "filer:/export one"
    assert found["41"][2:3] + found["41"][5:] == ("254:7", "ext4", "/dev/vdg")
    assert "43" not in found


def test_obstacles() -> None:
    """Only a local file system that its path still leads to, over local ones, is measured, once."""
    mounts = parse(MOUNTINFO)
    reasons = {
        mount.number: reason for mount, reason in zip(mounts, obstacles(mounts), strict=True)
    }

    assert reasons == {
        "23": None,
        "24": None,
        "28": None,
        "30": "proc holds no data",
        "31": None,
        "32": "same device as /",
        "33": "nfs4 is not known to be local",
        "34": "reached over /net, which is nfs4",
        "35": "covered by another mount on /covered",
        "36": "fuse.sshfs is not known to be local",
        "37": "covered by another mount on /twice",
        "38": None,
        "39": "autofs is not known to be local",
        "40": "reached over /auto, which is autofs",
        "41": None,
        "42": None,
    }


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/srv/models", "nfs4"),
        ("/srv/models/a", "nfs4"),
        ("/srv/modelsx", None),
        ("/home/x", None),
        ("/srv/models/local/a", None),
    ],
)
def test_where_a_path_lies(path: str, found: str | None) -> None:
    """The deepest mount counts, and of two at one place the later."""
    seen = parse(
        "1 0 8:1 / / rw - ext4 /dev/a rw\n"
        "2 1 8:2 / /srv/models rw - ext4 /dev/b rw\n"
        "3 2 0:50 / /srv/models rw - nfs4 server:/models rw\n"
        "4 3 8:3 / /srv/models/local rw - xfs /dev/c rw\n"
    )
    assert elsewhere(path, seen) == found


def test_where_nothing_is_mounted_is_not_known() -> None:
    assert elsewhere("/srv", []) == "?"
