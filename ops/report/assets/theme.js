// Colours and sizes of the charts, as the page's style sheet has them now.

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const narrow = () => window.innerWidth < 640;
const coarse = () => window.matchMedia("(pointer: coarse)").matches;
const LINES = ["one", "two", "three", "four", "five", "six"];
const lineColour = (place) => style(LINES[place % LINES.length]);

function faded(colour, share) {
  const [red, green, blue] = [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));
  return `rgba(${red},${green},${blue},${share})`;
}

// `rows` are the heights of charts below each other, on one time axis; each has a title that names its unit.
function layoutOf(rows, extra = {}) {
  const total = rows.reduce((sum, row) => sum + row.share, 0);
  const gap = rows.length > 1 ? (narrow() ? 0.085 : 0.075) : 0;
  const room = 1 - gap * (rows.length - 1);
  const axis = { gridcolor: style("faint"), linecolor: style("line"), zerolinecolor: style("line"), fixedrange: coarse() };
  const layout = {
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style("text"), size: narrow() ? 11 : 12.5, color: style("soft") },
    margin: { l: narrow() ? 46 : 60, r: 12, t: 30, b: 34 },
    hovermode: "x unified",
    hoverlabel: { bgcolor: style("panel"), bordercolor: style("line"), font: { color: style("ink"), family: style("text") } },
    dragmode: coarse() ? false : "zoom",
    showlegend: false,
    legend: { orientation: "h", x: 0, xanchor: "left", yref: "container", y: 0, yanchor: "bottom", font: { color: style("ink") },
      title: { text: " ", side: "top", font: { size: 6 } } }, // room for the dates above it
    modebar: { bgcolor: "rgba(0,0,0,0)", color: style("soft"), activecolor: style("accent") },
    xaxis: { ...axis, type: "date", zeroline: false, hoverformat: "%Y-%m-%d %H:%M UTC", nticks: narrow() ? 5 : 10,
      anchor: rows.length > 1 ? `y${rows.length}` : "y", tickformatstops: [
        { dtickrange: [null, 86400000], value: "%-d %b %H:%M" },
        { dtickrange: [86400000, "M1"], value: "%-d %b %Y" },
        { dtickrange: ["M1", null], value: "%b %Y" },
      ] },
    annotations: [],
    shapes: [],
    ...extra,
  };
  let top = 1;
  rows.forEach((row, place) => {
    const height = (row.share / total) * room;
    const name = place ? `yaxis${place + 1}` : "yaxis";
    layout[name] = { ...axis, domain: [Math.max(0, top - height), top], anchor: "x", automargin: true, nticks: 6, tickformat: "~s",
      ...row.axis };
    layout.annotations.push({ text: row.title, xref: "paper", yref: "paper", x: 0, y: top, xanchor: "left", yanchor: "bottom",
      showarrow: false, font: { size: narrow() ? 11.5 : 13, color: style("ink") } });
    top -= height + gap;
  });
  return layout;
}
