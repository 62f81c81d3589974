// The charts of staff pages: each is drawn from columns of the table it names, which stays on the page.
// Tooltips are rich text: HTML ones write style attributes, which the policy forbids.
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

const MOST_BARS = 12; // the table has the others
const PAPER = 640; // px across when printed
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const sum = (values) => values.reduce((all, one) => all + one, 0);
// Told apart without colours too.
const looks = [
  { color: css("--hy-accent"), symbol: "circle", lineStyle: { width: 2 } },
  { color: css("--hy-warn"), symbol: "rect", lineStyle: { width: 2, type: "dashed" }, itemStyle: { decal: { dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: Math.PI / 4, color: css("--hy-card") } } },
  { color: css("--hy-danger"), symbol: "triangle", lineStyle: { width: 2, type: "dotted" }, itemStyle: { decal: { dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4, color: css("--hy-card") } } },
  { color: css("--hy-ink-2"), symbol: "diamond", lineStyle: { width: 2, type: [8, 4, 2, 4] }, itemStyle: { decal: { symbol: "circle", dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], color: css("--hy-card") } } },
  { color: css("--hy-ok"), symbol: "roundRect", lineStyle: { width: 2, type: [2, 6] }, itemStyle: { decal: { dashArrayX: [1, 0], dashArrayY: [3, 5], color: css("--hy-card") } } },
];

function read(table, columns) {
  const heads = table.tHead.rows[0].cells;
  const rows = [...table.tBodies[0].rows].map((row) => ({ name: row.cells[0].textContent.trim(), values: columns.map((place) => Number.parseInt(row.cells[place].textContent, 10) || 0) }));
  return { names: columns.map((place) => heads[place].textContent.trim()), rows };
}

const text = (color) => ({ color: css(color), fontSize: 14 });
const names = { axisLine: { lineStyle: { color: css("--hy-control") } }, axisTick: { show: false } };
const counts = { type: "value", minInterval: 1, axisLabel: text("--hy-ink-2"), splitLine: { lineStyle: { color: css("--hy-line") } } };

function lines(rows) {
  return {
    grid: { left: 48, right: 16, bottom: 32 },
    xAxis: { ...names, type: "category", data: rows.map((row) => row.name), axisLabel: text("--hy-ink-2") },
    yAxis: counts,
    kind: { type: "line", symbolSize: 6, showAllSymbol: true },
  };
}

function bars(rows, width) {
  const room = Math.min(240, width * 0.4);
  return {
    grid: { left: room + 12, right: 24, bottom: 32 },
    xAxis: counts,
    yAxis: { ...names, type: "category", inverse: true, data: rows.map((row) => row.name), axisLabel: { ...text("--hy-ink"), width: room, overflow: "break" } },
    kind: { type: "bar", stack: "all", barWidth: 20 },
  };
}

function legendLines(series, width) {
  const wide = 48 * series.length + 14 * sum(series.map((name) => name.length));
  return series.length > 1 ? Math.ceil(wide / width) : 0;
}

function draw(place, table) {
  const { names: series, rows: all } = read(table, place.dataset.columns.split(" ").map(Number));
  const across = place.dataset.as === "bars";
  const rows = across ? all.filter((row) => sum(row.values)).slice(0, MOST_BARS) : all;
  if (rows.length < (across ? 1 : 2)) return;
  place.hidden = false;
  if (across) place.style.height = `${rows.length * 48 + 48 + 32 * legendLines(series, place.clientWidth)}px`;
  const { kind, grid, ...axes } = across ? bars(rows, place.clientWidth) : lines(rows);
  const chart = init(place, null, { renderer: "svg" });
  chart.setOption({
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, ...text("--hy-ink") },
    tooltip: { renderMode: "richText", trigger: "axis", confine: true },
    legend: { show: series.length > 1, top: 0, left: 0, selectedMode: false, itemWidth: 28, textStyle: text("--hy-ink") },
    grid: { ...grid, top: 16 + 32 * legendLines(series, place.clientWidth) },
    ...axes,
    series: series.map((name, n) => ({ ...kind, ...looks[n % looks.length], name, data: rows.map((row) => row.values[n]) })),
  });
  new ResizeObserver(() => chart.resize()).observe(place);
  addEventListener("beforeprint", () => chart.resize({ width: PAPER }));
  addEventListener("afterprint", () => chart.resize());
  const numbers = table.closest("details");
  if (numbers) folded(numbers);
}

function folded(numbers) {
  numbers.open = false;
  let was = false;
  addEventListener("beforeprint", () => ((was = numbers.open), (numbers.open = true)));
  addEventListener("afterprint", () => (numbers.open = was));
}

for (const place of document.querySelectorAll("[data-figure]")) draw(place, document.getElementById(place.dataset.figure));
