import io
import os
import shutil
import tarfile
import time
import zipfile

import nbformat
import pytest

from course.grading.archive import unpack
from course.grading.files import clean, shown, take

from .notebooks import code

LIMITS = {"largest_bytes": 1_000_000, "largest_file": 300_000, "most_files": 20}


def notebook(*ids):
    cells = [code(id, "n = None", solution=True) for id in ids]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


@pytest.fixture
def course(tmp_path):
    """A course's source/ with two notebooks and a data file, and an empty submission."""
    (tmp_path / "source" / "data").mkdir(parents=True)
    (tmp_path / "source/o1.ipynb").write_text(notebook("a", "b", "c"))
    (tmp_path / "source/o2.ipynb").write_text(notebook("p", "q"))
    (tmp_path / "source/data/train.csv").write_text("true")
    (tmp_path / "handed").mkdir()
    return tmp_path


def taken(course, *, notebooks=("o1",), **more):
    shutil.rmtree(course / "into", ignore_errors=True)
    settings = {"notebooks": notebooks, "source": course / "source", "ignore": [".*", "*.pyc"], **LIMITS, **more}
    found = take(course / "handed", course / "into", **settings)
    for path in (course / "into").rglob("*"):
        assert not path.is_symlink() and (path.is_dir() or path.is_file())
    return found


def files(course):
    return {p.relative_to(course / "into").as_posix() for p in (course / "into").rglob("*") if p.is_file()}


def hand_in(course, name, content=None):
    path = course / "handed" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook("a", "b", "c") if content is None else content)
    return path


def test_an_honest_folder_is_copied_and_nothing_is_told(course):
    for name in ("o1.ipynb", "answers.json", "plots/one.txt", ".hidden", ".ipynb_checkpoints/o1.ipynb", "x.pyc"):
        hand_in(course, name, None if name == "o1.ipynb" else name)
    done = taken(course)
    assert done.found == {"o1": course / "into/o1.ipynb"} and not done.repairs and not done.flags
    assert files(course) == {"o1.ipynb", "answers.json", "plots/one.txt", "data/train.csv"}


def test_files_of_the_assignment_are_not_replaced_unless_the_course_says_so(course):
    hand_in(course, "o1.ipynb")
    hand_in(course, "data/train.csv", "false")
    taken(course)
    assert (course / "into/data/train.csv").read_text() == "true"
    taken(course, theirs=["data/train.csv"])
    assert (course / "into/data/train.csv").read_text() == "false"
    (course / "handed/data/train.csv").unlink()
    hand_in(course, "data/train.csv/inside.txt", "false")
    taken(course)
    assert (course / "into/data/train.csv").read_text() == "true"


def test_links_devices_and_second_names_are_refused_and_flagged(course):
    secret = course / "secret.ipynb"
    secret.write_text(notebook("a"))
    (course / "handed/o1.ipynb").symlink_to(secret)
    (course / "handed/folder").symlink_to(course / "source")
    os.mkfifo(course / "handed/pipe")
    os.link(secret, course / "handed/same.txt")
    done = taken(course)
    assert done.found == {} and len(done.flags) == 4 and set(done.flags) <= set(done.repairs)
    assert files(course) == {"data/train.csv"}


def test_a_folder_that_is_a_link_or_is_not_there_gives_nothing(course):
    shutil.rmtree(course / "handed")
    assert taken(course).repairs[0].startswith("What was handed in is not a folder")
    (course / "handed").symlink_to(course / "source")
    done = taken(course)
    assert done.found == {} and done.flags


@pytest.mark.parametrize(
    "name",
    [
        "o1 (1).ipynb",
        "Copy of o1.ipynb",
        "O1.ipynb",
        "o1.json",
        "o1.ipynb.txt",
        "homework.ipynb",
        "deep/er/o1.ipynb",
        "o1",
    ],
)
def test_a_renamed_notebook_is_found_and_told(course, name):
    hand_in(course, name)
    hand_in(course, "notes.txt", "no notebook")
    hand_in(course, "other.json", '{"cells": 3}')
    done = taken(course)
    assert (course / "into/o1.ipynb").read_text() == notebook("a", "b", "c")
    assert len(done.repairs) == 1 and "was taken for o1.ipynb" in done.repairs[0] and not done.flags


def test_notebooks_are_told_apart_by_their_cells_and_the_exact_name_wins(course):
    hand_in(course, "first.ipynb", notebook("p", "q"))
    hand_in(course, "second.ipynb")
    done = taken(course, notebooks=("o1", "o2"))
    assert set(done.found) == {"o1", "o2"} and (course / "into/o2.ipynb").read_text() == notebook("p", "q")
    hand_in(course, "o1.ipynb", notebook("a"))
    taken(course)
    assert (course / "into/o1.ipynb").read_text() == notebook("a")


def test_of_several_that_it_may_be_none_is_taken_unless_they_are_the_same(course):
    hand_in(course, "o1 (1).ipynb")
    hand_in(course, "o1 (2).ipynb")
    assert taken(course).found.keys() == {"o1"}
    hand_in(course, "o1 (2).ipynb", notebook("a", "b"))
    done = taken(course)
    assert not done.found and "Several files may be o1.ipynb" in done.flags[0]


def test_a_notebook_of_another_assignment_is_not_taken(course):
    hand_in(course, "mine.ipynb", notebook("x", "y"))
    done = taken(course)
    assert not done.found and done.repairs == ["No notebook o1.ipynb was handed in."]


def test_a_folder_around_all_is_taken_off(course):
    hand_in(course, "homework/o1.ipynb")
    hand_in(course, "homework/answers.json", "{}")
    hand_in(course, "__MACOSX/homework/._o1", "x")
    done = taken(course)
    assert files(course) == {"o1.ipynb", "answers.json", "data/train.csv"} and not done.repairs


def test_sizes_and_numbers_are_bounded_and_the_notebook_goes_first(course):
    hand_in(course, "o1.ipynb")
    hand_in(course, "a-large.csv", "x" * 300_001)
    for n in range(30):
        hand_in(course, f"a{n:02}.txt", "x" * 60_000)
    with open(course / "handed/sparse.bin", "wb") as file:
        file.truncate(10**12)
    done = taken(course)
    assert "o1" in done.found and not any("large" in name or "sparse" in name for name in files(course))
    assert sum(p.stat().st_size for p in (course / "into").rglob("*") if p.is_file()) <= LIMITS["largest_bytes"]
    assert any("larger than 0.3 MB" in told for told in done.repairs)
    assert any("Only 20 files are taken" in told for told in done.repairs)


def test_names_are_made_plain_or_refused(course):
    hand_in(course, "o1.ipynb")
    hand_in(course, "cafe\u0301.txt", "x")
    hand_in(course, "sub\\file.txt", "x")
    hand_in(course, "bad\nname.txt", "x")
    with open(os.fsencode(course / "handed") + b"/latin\xe9.txt", "w") as file:
        file.write("x")
    done = taken(course)
    assert {"caf\u00e9.txt", "sub/file.txt"} <= files(course) and len(done.repairs) == 2
    assert all(told.isprintable() for told in done.repairs)


def test_a_file_and_a_folder_of_the_same_name_stop_nothing(course):
    hand_in(course, "o1.ipynb")
    hand_in(course, "x", "1")
    hand_in(course, "x\\y", "2")
    assert any("cannot be taken" in told for told in taken(course).repairs)


def test_very_many_files_take_bounded_time(course):
    hand_in(course, "o1.ipynb")
    deep = course / "handed"
    for _ in range(40):
        deep = deep / "d"
    deep.mkdir(parents=True)
    for n in range(2000):
        (course / f"handed/a{n}").touch()
    done = taken(course)
    assert "o1" in done.found and "far too many files" in done.repairs[0]


def test_a_full_disk_is_not_the_learners_fault(course, monkeypatch):
    hand_in(course, "o1.ipynb")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("course.grading.files.write", full)
    with pytest.raises(OSError, match="No space"):
        taken(course)


def test_what_is_shown_of_a_name_is_short_and_printable():
    assert shown("a\u202eb\n" + "c" * 100) == "a?b?" + "c" * 73 + "..."


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "C:\\x",
        "\\\\host\\x",
        "..\\x",
        "a\0b",
        "a\nb",
        "a\u202eb",
        "",
        ".",
        "x" * 256,
    ],
)
def test_names_that_lead_elsewhere_are_none(name):
    assert clean(name) is None


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zip:
        for name, content in members:
            zip.writestr(name, content)
    return path


def member(name, mode, system=3):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = system, mode << 16
    return info


def unpacked(course, archive, **more):
    shutil.rmtree(course / "into", ignore_errors=True)
    done = unpack(archive, course / "into", **{**LIMITS, **more})
    assert not any(path.is_symlink() for path in (course / "into").rglob("*"))
    assert all(told.isprintable() for told in done.repairs) and set(done.flags) <= set(done.repairs)
    assert not (course / "evil").exists()
    return done


def test_an_honest_zip_is_unpacked_whatever_wrote_it(course):
    archive = zipped(
        course / "a.zip", [("hw/", ""), ("hw/o1.ipynb", "x"), ("hw\\plot.txt", "y"), ("hw/\u00e9.txt", "z")]
    )
    done = unpacked(course, archive)
    assert files(course) == {"hw/o1.ipynb", "hw/plot.txt", "hw/\u00e9.txt"} and not done.repairs


def test_of_a_zip_names_links_and_second_copies_are_refused_and_flagged(course, recwarn):
    members = [("../evil", "x"), ("/evil", "x"), ("..\\evil", "x"), ("bad\nname", "x"), ("good", "1"), ("good", "2")]
    members += [(member("link", 0o120777), "/etc/passwd"), (member("pipe", 0o010644), "")]
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = zipped(course / "a.zip", members)
    done = unpacked(course, archive)
    assert files(course) == {"good"} and (course / "into/good").read_text() == "1" and len(done.flags) == 7


def test_of_a_zip_what_unpacks_to_too_much_is_refused(course):
    members = [("bomb", b"\0" * 5_000_000), ("large", os.urandom(300_001)), ("o1.ipynb", "x")]
    members += [(f"f{n}", os.urandom(200_000)) for n in range(8)]
    done = unpacked(course, zipped(course / "a.zip", members), largest_bytes=2_400_000)
    assert "o1.ipynb" in files(course) and not {"bomb", "large"} & files(course)
    assert "200 times its size" in done.flags[0]
    assert unpacked(course, zipped(course / "b.zip", members)).repairs[0].startswith("The archive is larger than 1 MB")
    many = zipped(course / "c.zip", [(f"f{n}", "") for n in range(25)])
    assert len(unpacked(course, many).repairs) == 1 and len(files(course)) == 20
    huge = zipped(course / "d.zip", [(f"f{n}", "") for n in range(401)])
    assert "more than may be handed in" in unpacked(course, huge).flags[0] and not files(course)


def test_archives_within_an_archive_stay_as_they_are(course):
    inner = zipped(course / "inner.zip", [("evil", "x")]).read_bytes()
    done = unpacked(course, zipped(course / "a.zip", [("inner.zip", inner)]))
    assert files(course) == {"inner.zip"} and done.repairs == [
        "inner.zip is an archive within the archive: it is not unpacked."
    ]


def test_of_a_zip_locked_and_damaged_members_cost_only_themselves(course):
    text = bytearray(zipped(course / "a.zip", [("locked", "x"), ("broken", "y" * 50), ("good", "z")]).read_bytes())
    for at in (text.index(b"PK\1\2") + 8, 6):
        text[at] |= 1
    text[text.index(b"broken") + 8] ^= 0xFF
    (course / "a.zip").write_bytes(text)
    done = unpacked(course, course / "a.zip")
    assert files(course) == {"good"} and len(done.repairs) == 2 and "password" in done.flags[0]


@pytest.mark.parametrize("content", [b"", b"PK\3\4 and no more", b"\x1f\x8b and no more", b"text", os.urandom(5000)])
def test_what_is_no_archive_is_told(course, content):
    (course / "a.zip").write_bytes(content)
    assert len(unpacked(course, course / "a.zip").repairs) == 1 and not files(course)


def tarred(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as tar:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_honest_tar_is_unpacked(course, mode):
    done = unpacked(course, tarred(course / "a.tar", [("hw/o1.ipynb", b"x"), ("hw/\u00e9.txt", b"y")], mode))
    assert files(course) == {"hw/o1.ipynb", "hw/\u00e9.txt"} and not done.repairs


def test_of_a_tar_names_links_and_devices_are_refused_and_flagged(course):
    members = [("../evil", b"x"), ("/evil", b"x"), ("good", b"1"), ("good", b"2"), ("good/below", b"3")]
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
        info = tarfile.TarInfo(f"kind{kind!r}")
        info.type, info.linkname = kind, "/etc/passwd"
        members.append((info, b""))
    done = unpacked(course, tarred(course / "a.tgz", members))
    assert files(course) == {"good"} and len(done.flags) == 7 and len(done.repairs) == 8


def test_a_tar_that_unpacks_to_very_much_stops_early(course):
    archive = tarred(course / "a.tgz", [("o1.ipynb", b"x"), ("bomb", b"\0" * 200_000_000)])
    start = time.process_time()
    done = unpacked(course, archive)
    assert time.process_time() - start < 5 and files(course) == {"o1.ipynb"} and done.flags
    many = tarred(course / "b.tgz", [(f"f{n}", b"") for n in range(2000)])
    assert unpacked(course, many).flags and len(files(course)) == 20


def test_a_tar_that_was_cut_off_gives_what_came_before(course):
    whole = tarred(course / "a.tar", [("o1.ipynb", b"x"), ("two", os.urandom(200_000))], "w").read_bytes()
    (course / "a.tar").write_bytes(whole[:50_000])
    done = unpacked(course, course / "a.tar")
    assert files(course) == {"o1.ipynb"} and len(done.repairs) == 1
