"""Photographs that packages of Debian and npm carry, with their licences.

None of them is part of this project. They are fetched by these systems' own
commands, and known by their contents.
"""

import hashlib
import io
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from PIL import Image, ImageOps

from ram_tf_data.errors import UserError

_QUALITY = 92  # Of JPEG.
_GLOBE = "three-globe"
_GLOBE_VERSION = "2.45.2"


class Package(NamedTuple):
    """What is taken of a package.

    Attributes:
        folder: Of its photographs.
        photographs: The first 16 digits of the SHA-256 of each, by its name.
        licence: The file that says what one may do with them.
    """

    folder: str
    photographs: Mapping[str, str]
    licence: str


PACKAGES = {
    "mate-backgrounds": Package(
        "usr/share/backgrounds/mate/nature",
        {
            "Aqua.jpg": "5c30118205982da4",
            "Blinds.jpg": "f7aac0dcc2e06d04",
            "Dune.jpg": "8a67c2cb0be8c46b",
            "FreshFlower.jpg": "972b0a0c4e5e3fa9",
            "Garden.jpg": "d3095ee09d425ef2",
            "GreenMeadow.jpg": "8fa0de0aa4089f73",
            "LadyBird.jpg": "e35a9a4126ef969c",
            "RainDrops.jpg": "3e4ea9671c28c90a",
            "Storm.jpg": "77ca53077831d323",
            "TwoWings.jpg": "665e5abf8a539907",
            "Wood.jpg": "19c78500ac00a622",
            "YellowFlower.jpg": "254da96256acb7ad",
        },
        "usr/share/doc/mate-backgrounds/copyright",
    ),
    "lomiri-wallpapers-16.04": Package(
        "usr/share/backgrounds",
        {
            "Bridge_by_Sander_Klootwijk.jpg": "bd86b081f9975e2b",
            "Dragonfly_by_Bolly.jpg": "af5af17841009732",
            "Picture_0B_by_freespace.jpg": "c8c0ab18e48d9e04",
            "Picture_1A_by_freespace.jpg": "89e86af38d04daae",
            "Wine_by_Jakkub_Mede.jpg": "d2e96e6d4da40dd8",
            "aitzgorri_by_Aitzol_Berasategi.jpg": "66268e7b48f8854d",
            "free_by_Peter_Nerlich.jpg": "85a5453c2fed514c",
            "friends_by_Aitzol_Berasategi.jpg": "cc40e313c74e421e",
            "greentock_by_Peter_Nerlich.jpg": "e7b20e2db9dcd6e2",
            "life_by_Aitzol_Berasategi.jpg": "4c119350ead80201",
            "picosdeeuropa_by_Aitzol_Berasategi.jpg": "414d0072b2f6f2c5",
            "seeding_by_Clements_Engelhardt.jpg": "a5634d1ab5e41a35",
            "sunset_by_Aitzol_Berasategi.jpg": "474dab6a4b9f94dc",
        },
        "usr/share/doc/lomiri-wallpapers-16.04/copyright",
    ),
    "lomiri-wallpapers-20.04": Package(
        "usr/share/backgrounds",
        {
            "Kleiber_by_Lukas_Baubkus.jpg": "6572410c09f4492c",
        },
        "usr/share/doc/lomiri-wallpapers-20.04/copyright",
    ),
    "three-globe": Package(
        "package/example/img",
        {
            "earth-blue-marble.jpg": "228deba2e4b60014",
            "earth-night.jpg": "355ab23dd1323315",
        },
        "package/LICENSE",
    ),
}


def fetched(shorter: int) -> Iterator[tuple[str, bytes]]:
    """The photographs, one after another, and the licences of each package.

    Args:
        shorter: What each one's shorter side is scaled to, in pixels.

    Yields:
        What a file is to be called, licences/ before a licence, and its
        content; photographs as JPEG.

    Raises:
        UserError: If a package cannot be fetched, or has not got what it had.
    """
    for name, package in PACKAGES.items():
        with tempfile.TemporaryDirectory() as place:
            unpacked = pathlib.Path(place)
            _unpack(name, unpacked)
            licence = (unpacked / package.licence).read_bytes()
            yield f"licences/{name}.txt", licence
            for file, found in checked(name, package, unpacked):
                yield file, _scaled(found, shorter)


def _unpack(name: str, place: pathlib.Path) -> None:
    if name == _GLOBE:
        _run(["npm", "pack", f"{name}@{_GLOBE_VERSION}"], place)
        archive = next(place.glob("*.tgz"))
        shutil.unpack_archive(archive, place, "gztar", filter="data")
        return
    _run(["apt-get", "download", name], place)
    _run(["dpkg-deb", "-x", str(next(place.glob("*.deb"))), "."], place)


def _run(command: Sequence[str], place: pathlib.Path) -> None:
    words = " ".join(command)
    try:
        done = subprocess.run(
            command, cwd=place, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UserError(
            f"Photographs are fetched by `{words}`, which cannot be run: "
            f"{error}"
        ) from error
    if done.returncode:
        reason = " ".join(done.stderr.split())
        raise UserError(f"`{words}` has failed: {reason}")


def checked(
    name: str, package: Package, unpacked: pathlib.Path
) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the photographs, which must be those known."""
    for file, known in package.photographs.items():
        path = unpacked / package.folder / file
        if not path.is_file():
            raise UserError(
                f"The package {name} must have {package.folder}/{file}. "
                "Received: another version of it, which has not"
            )
        content = path.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if not found.startswith(known):
            raise UserError(
                f"{package.folder}/{file} of {name} must have a SHA-256 of "
                f"{known}…. Received: {found}"
            )
        yield file, content


def _scaled(photograph: bytes, shorter: int) -> bytes:
    """A photograph as JPEG, upright, its shorter side as asked."""
    with Image.open(io.BytesIO(photograph)) as file:
        picture = ImageOps.exif_transpose(file).convert("RGB")
    share = shorter / min(picture.size)
    size = [max(shorter, round(share * side)) for side in picture.size]
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()
