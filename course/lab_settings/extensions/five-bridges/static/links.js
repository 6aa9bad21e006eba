/* Links in a course notebook that run cells: #run-O-3 those of O-3, #go-on those of the exercise where one stopped.
 *
 * Written by hand in the form in which JupyterLab loads extensions (a module federation container: init and get), so
 * nothing has to be built. JupyterLab's own links to commands ask before each click. Elsewhere these links do nothing.
 */
{
  const LINK = '.jp-Notebook a[href*="#run-"], .jp-Notebook a[href*="#go-on"]';
  const NEXT = "__import__('course.learn.progress', fromlist=['']).next_exercise()";
  const STYLE = `:is(${LINK}) {display:inline-block;padding:.15em .9em;border:1px solid currentColor;border-radius:4px;
    text-decoration:none} :is(${LINK}):is(:hover,:focus-visible) {background:var(--jp-layout-color2)}`;

  /* The cells of an exercise; before them the first code cell, which has the imports. */
  function cellsOf(notebook, exercise) {
    const code = notebook.widgets.filter(cell => cell.model.type === "code");
    const own = code.filter(cell => cell.model.getMetadata("course")?.exercise === exercise);
    return own.length ? [...new Set([code[0], ...own])] : [];
  }

  /* Where the kernel's notes say that one stopped. */
  async function nextExercise(panel) {
    await panel.sessionContext.ready;
    const request = { code: "", silent: true, store_history: false, user_expressions: { id: NEXT } };
    const reply = await panel.sessionContext.session?.kernel?.requestExecute(request).done;
    return reply?.content.user_expressions?.id?.data?.["text/plain"].slice(1, -1);
  }

  async function run(app, panel, exercise) {
    const notebook = panel.content;
    const cells = cellsOf(notebook, exercise);
    if (!cells.length) return;
    app.shell.activateById(panel.id);
    const heading = notebook.widgets.findIndex(cell => cell.model.getMetadata("course")?.exercise === exercise);
    notebook.mode = "command";
    notebook.deselectAll();
    notebook.activeCellIndex = notebook.widgets.indexOf(cells[0]);
    cells.forEach(cell => notebook.select(cell));
    const ran = app.commands.execute("notebook:run-cell");
    const show = () => {
      notebook.deselectAll();
      notebook.activeCellIndex = heading;
    };
    show();
    await notebook.scrollToItem(heading, "start");
    await ran;
  }

  function activate(app) {
    const style = document.createElement("style");
    style.textContent = STYLE;
    document.head.append(style);
    document.body.addEventListener("click", async event => {
      const link = event.target.closest?.(LINK);
      const panel = link && [...app.shell.widgets("main")].find(widget => widget.node.contains(link));
      if (!panel?.sessionContext) return;
      event.preventDefault();
      event.stopPropagation();
      const named = decodeURIComponent(link.hash).split("#run-")[1];
      await run(app, panel, named ?? await nextExercise(panel));
    }, true);
  }

  (window._JUPYTERLAB ??= {})["five-bridges"] = {
    init() {},
    get: async () => () => ({ id: "five-bridges:links", autoStart: true, activate }),
  };
}
