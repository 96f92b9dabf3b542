// Each function makes traces and layout of one chart of the numbers that the page carries. All text of instruments and
// accounts goes through `safe`: plotly reads a little markup in names.

const safe = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const line = (x, y, name, colour, more = {}) => ({
  type: "scatter", mode: "lines", x, y, name: safe(name), line: { color: colour, width: 1.6 }, ...more,
});
const below = (place) => (place ? { yaxis: `y${place + 1}` } : {});

function markLiquidations(layout, instants) {
  for (const at of instants) {
    layout.shapes.push({ type: "line", xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1,
      line: { color: style("bad"), width: 1, dash: "dash" } });
  }
  if (instants.length) {
    layout.annotations.push({ text: "liquidation", xref: "x", yref: "paper", x: instants[0], y: 1, yanchor: "top",
      xanchor: "right", showarrow: false, textangle: -90, font: { color: style("bad") } });
  }
}

const CHARTS = {
  equity(told) {
    const unit = safe(told.currency);
    const colour = style("one");
    const traces = [
      line(told.x, told.equity, "Equity", colour, { hovertemplate: `%{y:,.2f} ${unit}` }),
      line(told.x, told.drawdown, "Drawdown", style("bad"), {
        ...below(1), fill: "tozeroy", fillcolor: faded(style("bad"), 0.18), hovertemplate: "%{y:.2%}",
      }),
    ];
    const layout = layoutOf([
      { title: `Equity, ${unit}`, share: 2.4 },
      { title: "Drawdown", share: 1, axis: { tickformat: "~%", rangemode: "tozero", nticks: 4 } },
    ]);
    markLiquidations(layout, told.liquidations);
    return { traces, layout };
  },

  attribution(told) {
    const unit = safe(told.currency);
    const traces = [];
    for (const [kind, values] of Object.entries(told.kinds)) {
      if (values.every((value) => value === 0)) continue;
      const colour = style(kind);
      const area = { type: "scatter", mode: "lines", x: told.x, legendgroup: kind, line: { width: 0, color: colour },
        fillcolor: faded(colour, 0.72), name: kind };
      traces.push({ ...area, y: values.map((value) => Math.max(value, 0)), stackgroup: "earned", customdata: values,
        hovertemplate: "%{customdata:+,.2f}" });
      if (values.some((value) => value < 0)) {
        traces.push({ ...area, y: values.map((value) => Math.min(value, 0)), stackgroup: "cost", showlegend: false,
          hoverinfo: "skip" });
      }
    }
    traces.push(line(told.x, told.total, "sum", style("ink"), { hovertemplate: "%{y:+,.2f}" }));
    return { traces, layout: layoutOf([{ title: `Change of equity since the start, ${unit}`, share: 1 }], { showlegend: true }) };
  },

  positions(told) {
    const traces = [];
    const rows = [];
    told.bases.forEach((base, place) => {
      rows.push({ title: `Positions, ${safe(base.base)}`, share: 1, axis: { tickformat: ",~r", zeroline: true } });
      base.lines.forEach((each, number) => {
        const upto = told.span.length ? told.span[1] : each.x[each.x.length - 1];
        traces.push(line([...each.x, upto], [...each.y, each.y[each.y.length - 1]], each.name, lineColour(number),
          { ...below(place), line: { color: lineColour(number), width: 1.6, shape: "hv" }, hovertemplate: "%{y:,~r}" }));
      });
      if (base.delta.x.length) {
        traces.push(line(base.delta.x, base.delta.net, `net delta ${base.base}`, style("ink"),
          { ...below(place), line: { color: style("ink"), width: 1.6, dash: "dash" }, customdata: base.delta.notional,
            hovertemplate: `%{y:,~r} (%{customdata:,.2f} ${safe(told.currency)})` }));
      }
    });
    return { traces, layout: layoutOf(rows, { showlegend: true }), height: 110 + 270 * rows.length };
  },

  funding(told) {
    const unit = safe(told.currency);
    const traces = [line(told.total.x, told.total.y, "received so far", style("funding"),
      { line: { color: style("funding"), width: 2, shape: "hv" }, hovertemplate: "%{y:,.2f}" })];
    told.lines.forEach((each, number) => {
      const colour = lineColour(number);
      traces.push({ type: "bar", x: each.x, y: each.paid, name: safe(each.name), legendgroup: each.name, ...below(1),
        marker: { color: colour, line: { width: 0.6, color: colour } }, hovertemplate: "%{y:+,.2f}" });
      traces.push(line(each.x, each.position, each.name, colour,
        { ...below(2), legendgroup: each.name, showlegend: false, line: { color: colour, width: 1.6, shape: "hv" },
          hovertemplate: "%{y:,.0f} position" }));
    });
    const layout = layoutOf([
      { title: `Received so far, ${unit}`, share: 1.5 },
      { title: `Each payment, ${unit}`, share: 1 },
      { title: `Position at the mark, ${unit}`, share: 1 },
    ], { showlegend: true, barmode: "relative", bargap: 0 });
    if (told.span.length && told.span[0] < told.span[1]) layout.xaxis.range = told.span;
    return { traces, layout, height: 600 };
  },

  margin(told, scale) {
    const accounts = Object.entries(told.accounts);
    const values = accounts.flatMap(([, ratios]) => ratios.filter((value) => value !== null && value > 0));
    const most = Math.max(1, ...values);
    const least = Math.min(0.5, ...values);
    const axis = scale === "log"
      ? { type: "log", range: [Math.log10(least * 0.8), Math.log10(most * 1.6)], tickformat: "~g", nticks: 8 }
      : { range: [0, most * 1.12], tickformat: "~g" };
    const traces = accounts.map(([name, ratios], number) => line(told.x, ratios, name, lineColour(number),
      { connectgaps: false, hovertemplate: "%{y:.4f}" }));
    const layout = layoutOf([{ title: "Maintenance margin ÷ (USDT balance + unrealised P&L)", share: 1, axis }], { showlegend: true });
    layout.shapes.push({ type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: 1, y1: 1,
      line: { color: style("bad"), width: 1.6, dash: "dash" } });
    layout.annotations.push({ text: "limit: liquidation above 1", xref: "paper", yref: "y", x: 1, xanchor: "right",
      y: scale === "log" ? 0 : 1, yanchor: "bottom", showarrow: false, font: { color: style("bad") } });
    markLiquidations(layout, told.liquidations);
    return { traces, layout };
  },
};
