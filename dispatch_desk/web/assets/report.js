// The chart of a report, drawn from the table beside it. Tooltips are rich text: HTML ones write style attributes.
import { LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, GridComponent, TooltipComponent, SVGRenderer]);

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const rows = [...document.querySelectorAll("#days tbody tr")].map((row) => [row.cells[0].textContent, Number(row.cells[1].textContent)]);
const place = document.getElementById("trend");

if (place && rows.length > 1) {
  place.hidden = false;
  document.getElementById("days").closest("details").open = false;
  const axis = { axisLine: { lineStyle: { color: css("--hy-control") } }, axisTick: { show: false }, axisLabel: { color: css("--hy-ink-2"), fontSize: 14 } };
  const chart = init(place, null, { renderer: "svg" });
  chart.setOption({
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 14, color: css("--hy-ink") },
    tooltip: { renderMode: "richText", trigger: "axis" },
    grid: { left: 40, right: 16, top: 16, bottom: 32 },
    xAxis: { ...axis, type: "category", data: rows.map((row) => row[0]) },
    yAxis: { ...axis, type: "value", minInterval: 1, axisLine: { show: false }, splitLine: { lineStyle: { color: css("--hy-line") } } },
    series: [{ type: "line", data: rows.map((row) => row[1]), symbolSize: 5, lineStyle: { width: 2 }, color: css("--hy-accent") }],
  });
  new ResizeObserver(() => chart.resize()).observe(place);
}
