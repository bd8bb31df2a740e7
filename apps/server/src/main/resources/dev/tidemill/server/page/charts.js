// Draws the charts from the figures in the tables beside them, which are there without any script too.
(() => {
  "use strict";
  const drawn = new Map();

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function figures(figure) {
    const table = figure.querySelector("[data-figures]");
    const heads = [...table.querySelectorAll("thead th")].map(head => head.textContent);
    const rows = [...table.querySelectorAll("tbody tr")].map(row => [...row.cells].map(cell => cell.textContent.trim()));
    return {
      labels: rows.map(row => row[0]),
      series: heads.slice(1).map((label, index) => ({ label, data: rows.map(row => Number(row[index + 1])) })),
    };
  }

  function colours(kind) {
    if (kind === "tiers") return [colour("--p2"), colour("--p3"), colour("--p1")];
    return [colour("--p2"), kind === "starts" ? colour("--p1") : colour("--p0")];
  }

  function paint(chart, kind) {
    chart.data.datasets.forEach((series, index) => {
      series.backgroundColor = colours(kind)[index];
    });
    const scales = chart.options.scales;
    for (const axis of [scales.x, scales.y]) {
      axis.ticks.color = colour("--dim");
      axis.border.color = colour("--line");
    }
    scales.y.grid.color = colour("--soft");
  }

  function create(canvas, kind, seen) {
    const chart = new Chart(canvas, {
      type: "bar",
      data: { labels: seen.labels, datasets: seen.series.map((one, index) => ({ ...one, backgroundColor: colours(kind)[index], categoryPercentage: 0.9, barPercentage: 0.95 })) },
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        plugins: { legend: { display: false }, colors: { enabled: false } },
        scales: {
          x: { stacked: true, grid: { display: false }, border: {}, ticks: { maxRotation: 0, autoSkipPadding: 24, font: { size: 11 } } },
          y: { stacked: true, beginAtZero: true, suggestedMax: kind === "tiers" ? 100 : 4, grid: {}, border: {}, ticks: { precision: 0, maxTicksLimit: 5, font: { size: 11 } } },
        },
      },
    });
    paint(chart, kind);
    chart.update("none");
    return chart;
  }

  // A swap brings a new figure: its chart is moved over, so that nothing flickers and a tooltip stays.
  function draw(root) {
    if (typeof Chart === "undefined") return;
    for (const figure of root.querySelectorAll("[data-chart]")) {
      const kind = figure.dataset.chart;
      const seen = figures(figure);
      const plot = figure.querySelector("[data-plot]");
      let one = drawn.get(kind);
      if (!one) {
        const canvas = document.createElement("canvas");
        canvas.setAttribute("role", "img");
        plot.replaceChildren(canvas);
        one = { canvas, chart: create(canvas, kind, seen) };
        drawn.set(kind, one);
      } else {
        if (one.canvas.parentNode !== plot) plot.replaceChildren(one.canvas);
        one.chart.data.labels = seen.labels;
        seen.series.forEach((series, index) => { one.chart.data.datasets[index].data = series.data; });
        one.chart.update("none");
      }
      const title = figure.querySelector("figcaption").textContent.replace(/\s+/g, " ").trim();
      one.canvas.setAttribute("aria-label", title + ". The figures are in the table below.");
    }
  }

  document.addEventListener("tidemill:swapped", event => draw(event.target));
  document.addEventListener("htmx:afterSwap", event => draw(event.target));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const [kind, one] of drawn) {
      paint(one.chart, kind);
      one.chart.update("none");
    }
  });
  draw(document);
})();
