// Draws everything; again when light becomes dark, or a wide screen a narrow one.

const numbers = (id) => JSON.parse(document.getElementById(id).textContent);
const charts = numbers("charts");
const tables = numbers("tables");
const scales = new Map();

function draw(place) {
  const name = place.dataset.chart;
  const { traces, layout, height } = CHARTS[name](charts[name], scales.get(name));
  if (height) place.style.height = `${height}px`;
  return Plotly.react(place, traces, layout, {
    responsive: true, displaylogo: false, displayModeBar: coarse() ? false : "hover",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    toImageButtonOptions: { filename: `execd-${name}`, scale: 2 },
  });
}

function scaleButton(place) {
  const button = element("button", { type: "button", "aria-pressed": "false" }, "Logarithmic scale");
  button.addEventListener("click", () => {
    const log = scales.get(place.dataset.chart) !== "log";
    scales.set(place.dataset.chart, log ? "log" : "linear");
    button.setAttribute("aria-pressed", String(log));
    draw(place);
  });
  place.closest("figure").querySelector(".controls").append(button);
}

for (const holder of document.querySelectorAll("[data-table]")) new LongTable(holder, tables[holder.dataset.table]);

const places = [...document.querySelectorAll("[data-chart]")];
for (const place of places) if (place.dataset.chart === "margin") scaleButton(place);

// One at a time, so that the page answers meanwhile.
async function drawAll() {
  for (const place of places) {
    await new Promise((next) => setTimeout(next));
    await draw(place);
  }
  document.documentElement.dataset.drawn = String(places.length);
}

for (const query of ["(prefers-color-scheme: dark)", "(max-width: 639px)"]) {
  window.matchMedia(query).addEventListener("change", drawAll);
}
drawAll();
