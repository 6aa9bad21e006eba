"""Pages with every attack in them, in a real browser: no script runs, and nothing is asked of anybody."""

import http.server
import threading

import nbformat
import pytest

from course.grading import feedback, report, similarity
from tests.grading import classes
from tests.grading.classes import ASSIGNMENT
from tests.grading.test_page import ATTACKS

pytestmark = pytest.mark.browser


@pytest.fixture
def stranger():
    """A server that notes whatever is asked of it: its address, and the list of what was asked."""
    asked = []

    class Notes(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Notes) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def attacks(address):
    """The attacks with the stranger's address in them, and scripts that leave a trace instead of a box to click."""
    for attack in ATTACKS.values():
        attack = attack.replace("alert(1)", "document.title='owned'").replace("https://evil.example", address)
        yield attack.replace("//evil.example", address.removeprefix("http:"))


def visit(browser, path):
    browser.get(path.as_uri())
    return browser.title


def test_no_script_runs_and_nobody_is_asked(browser, stranger, tmp_path):
    address, asked = stranger
    bare = tmp_path / "bare.html"
    bare.write_text(f"<title>bare</title><img src='{address}/control'><script>document.title='owned'</script>")
    assert visit(browser, bare) == "owned" and asked == ["/control"], "such a page would be found out"
    asked.clear()
    course = classes.course(tmp_path / "course")
    cells = [classes.cell("markdown", attack) for attack in attacks(address)]
    for attack in attacks(address):
        shown = classes.cell("code", attack)
        kinds = ("text/html", "image/svg+xml", "text/markdown", "application/javascript", "text/latex")
        shown.outputs = [nbformat.v4.new_output("display_data", data={kind: attack}) for kind in kinds]
        cells.append(shown)
    node = classes.notebook("\n".join(attacks(address)))
    node.cells += cells
    for student in ("ada", "bob"):
        course.hand_in(
            student, {"test-1": 0, "test-2": 1, "why": None}, node, first_name="<script>document.title=1</script>"
        )
    course.note("ada", {"test-1": 0}, repairs=list(attacks(address)), flags=list(attacks(address)))
    with course.folder.gradebook() as gradebook:
        pages = feedback.write(course.folder, gradebook, ASSIGNMENT, "ada")
    pages += report.write(course.folder, ASSIGNMENT, tmp_path / "report.html", similarity=True, roster=True)
    assert len(pages) == 4 and similarity.WARNING[:20] in pages[2].read_text()
    for path in pages:
        title = visit(browser, path)
        assert title and title != "owned", path.name
        loaded = browser.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
        assert [name for name in loaded if not name.startswith("data:")] == [], path.name
        assert browser.current_url == path.as_uri()
    assert asked == []
