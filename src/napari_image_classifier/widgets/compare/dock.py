"""The dock *Compare with me*: a person and a classifier on the same images, blinded."""

import webbrowser
from collections.abc import Sequence
from pathlib import Path

import napari
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.discovery import files_below
from napari_image_classifier.raters import session_jobs
from napari_image_classifier.raters.blinded_session import PLAN, BlindedSession
from napari_image_classifier.system.events import Event, Progress
from napari_image_classifier.widgets.compare.blinded_page import BlindedPage
from napari_image_classifier.widgets.compare.setup import StudySetup
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.dock import Dock
from napari_image_classifier.widgets.qt.parts import button, show, stacked, wrapped
from napari_image_classifier.widgets.qt.plain_text import Markup, in_label
from napari_image_classifier.widgets.qt.progress_row import ProgressRow, show_sentence

REPORT = "report.html"


class CompareWithMe(Dock):
    """Asks for the study, runs the session, shows what came out."""

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._worker = Worker(self)
        self.report: Path | None = None
        self.setup = StudySetup()
        self.page = BlindedPage(viewer, self)
        self.progress = ProgressRow()
        self._before = QWidget()
        self.resume_button = button(
            "Resume…", "Go on with a session that was paused: choose its folder."
        )
        self.combine_button = button(
            "Report of several…", "One report of several sessions, of other raters, too."
        )
        self.result = wrapped()
        self.open_button = button("Open the report")
        self._build()
        self._connect()

    def _build(self) -> None:
        stacked(self._before, self.setup, (self.resume_button, self.combine_button))
        self.add(self._before, self.page, self.progress, self.result, self.open_button)
        self.column.addStretch(1)
        show(False, self.page, self.result, self.open_button)

    def _connect(self) -> None:
        self.closed.connect(self.stop)
        self.setup.prepared.connect(self._prepare)
        self.resume_button.clicked.connect(self._ask_what_to_resume)
        self.combine_button.clicked.connect(self._ask_what_to_combine)
        self.page.ended.connect(self._leave_session)
        self.open_button.clicked.connect(self._open_report)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(self._finish)
        self.progress.follow(self._worker, lambda: "Stopped; nothing was written.")

    def resume(self, folder: Path) -> None:
        """Go on with a session, or show the result of one that is at its end."""
        try:
            session = BlindedSession(folder)
        except (ImageClassifierError, OSError) as error:
            self.progress.end(str(error), error=True)
            return
        self.progress.end("")
        if session.finished:
            self.score([folder])
            return
        self._show_result("")
        self._before.hide()
        self.page.show()
        self.page.begin(session)

    def score(self, folders: Sequence[Path]) -> None:
        """Write the report of sessions, beside the first."""
        self.progress.begin("Comparing…")
        request = session_jobs.ScoreRequest(tuple(folders), folders[0] / REPORT)
        self._worker.start(session_jobs.SCORE_SESSION, request)

    def stop(self) -> None:
        """End everything that runs, and give the window back; every answer is kept."""
        self.setup.stop()
        self._worker.kill()
        self.page.pause()

    def _prepare(self, request: session_jobs.SessionRequest) -> None:
        self._show_result("")
        self.progress.begin("Choosing images, and sealing the classifier's answers…")
        self._worker.start(session_jobs.PREPARE_SESSION, request)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Progress):
            note = f"{event.done} of {event.total} images"
            self.progress.update_progress(event.done, event.total, note)

    def _finish(self, result: session_jobs.PreparedSession | session_jobs.SessionScores) -> None:
        if isinstance(result, session_jobs.PreparedSession):
            self.resume(result.session)
            return
        self.report = result.report.absolute()
        self.progress.end("")
        self._show_result(
            Markup().join(
                Markup("<p><b>{}</b></p>").format(in_label(of_rater.sentence))
                for of_rater in result.comparisons
            )
        )

    def _leave_session(self, session: BlindedSession) -> None:
        self.page.hide()
        self._before.show()
        if session.finished:
            self.score([session.folder])
            return
        left = len(session.plan.showings) - len(session.answers)
        self._show_result(
            f"Paused: {left} images are left. Every answer is kept in {session.folder}; "
            "“Resume…” goes on."
        )

    def _show_result(self, words: str) -> None:
        show_sentence(self.result, words)
        self.open_button.setVisible(bool(words) and self.report is not None)

    def _open_report(self) -> None:
        webbrowser.open(self.report.as_uri())

    def _ask_what_to_resume(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Resume a session"):
            self.resume(Path(folder))

    def _ask_what_to_combine(self) -> None:
        """Ask for a folder that holds the folders of sessions."""
        chosen = QFileDialog.getExistingDirectory(self, "The folder that holds the sessions")
        if not chosen:
            return
        folders = sorted(path.parent for path in files_below(Path(chosen)) if path.name == PLAN)
        if folders:
            self.score(folders)
        else:
            self.progress.end(f"There is no session in {chosen}.", error=True)
