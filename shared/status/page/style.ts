import { createHash } from 'node:crypto'

/** The page's only style; colours have a contrast of 4.5:1 at the least with what they stand on, light and dark. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--link:#0757b8;
--good:#116329;--goodbg:#dafbe1;--warn:#7d4e00;--warnbg:#fff8c5;--bad:#a40e26;--badbg:#ffebe9;
--used:#1f6f43;--usedfg:#fff;--rest:#f2cc60;--restfg:#1b1f24;--keep:#8250df;--keepfg:#fff;--free:#fff;--freefg:#57606a;
--server:#0757b8;--serverfg:#fff;--edge:#d0d7de;--edgefg:#424a53;--odd:#cf222e;--oddfg:#fff}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9aa4af;--line:#30363d;--card:#161b22;--link:#79b8ff;
--good:#56d364;--goodbg:#12261e;--warn:#e3b341;--warnbg:#272115;--bad:#ff8a80;--badbg:#2d1517;
--used:#2ea043;--usedfg:#04130a;--rest:#d29922;--restfg:#0d1117;--keep:#b392f0;--keepfg:#0d1117;--free:#0d1117;--freefg:#9aa4af;
--server:#79b8ff;--serverfg:#0d1117;--edge:#30363d;--edgefg:#c4ccd4;--odd:#ff8a80;--oddfg:#0d1117}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--bg);padding:8px;z-index:1}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 1rem}
header{padding-top:1rem}header,footer{overflow-wrap:anywhere}
h1{font-size:1.1rem;margin:0;font-weight:600}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1.25rem 0 .25rem}
.soft{color:var(--soft)}.mono,code{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.93em}
nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.25rem 1rem}
header nav{border-bottom:1px solid var(--line);margin-top:.5rem;padding-bottom:.5rem}
nav [aria-current]{color:var(--fg);font-weight:600;text-decoration:none}
.verdict{border:1px solid var(--line);border-left-width:6px;border-radius:6px;padding:.75rem 1rem;margin:1rem 0;background:var(--card)}
.verdict h2{margin:0}.verdict ul{margin:.5rem 0 0;padding-left:1.2rem}
.well{border-left-color:var(--good)}.well h2{color:var(--good)}
.attention{border-left-color:var(--warn)}.attention h2{color:var(--warn)}
.unknown{border-left-color:var(--bad)}.unknown h2{color:var(--bad)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:.75rem;margin:0}
.facts>div{border:1px solid var(--line);border-radius:6px;padding:.6rem .8rem}
.facts dt{color:var(--soft);font-size:.87em}.facts dd{margin:0}.facts dd strong{font-size:1.15rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
caption{text-align:left;color:var(--soft);padding:.25rem 0}
th,td{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:600;font-size:.87em}
tbody th{font-weight:600;overflow-wrap:anywhere;min-width:9rem;max-width:22rem}td{overflow-wrap:anywhere}
.time,.id{white-space:nowrap}
.tag{display:inline-block;white-space:nowrap;border-radius:1rem;padding:0 .6rem;font-size:.87em;border:1px solid var(--line);background:var(--card)}
.t-warn{color:var(--warn);background:var(--warnbg)}.t-bad{color:var(--bad);background:var(--badbg)}.t-good{color:var(--good);background:var(--goodbg)}
form{display:flex;flex-wrap:wrap;gap:.5rem .75rem;align-items:end;margin:.5rem 0}
label{display:flex;flex-direction:column;font-size:.87em;color:var(--soft)}
input,select,button{font:inherit;color:var(--fg);background:var(--bg);border:1px solid var(--soft);border-radius:6px;padding:.3rem .6rem;max-width:100%}
button{background:var(--card);cursor:pointer}
.pages{margin:.75rem 0}
svg.map{display:block;max-width:100%;height:auto;margin:.25rem 0}
svg.map rect{stroke:var(--line);stroke-width:1}svg.map text{font:600 11px ui-monospace,"DejaVu Sans Mono",monospace;text-anchor:middle}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0;margin:.5rem 0}
.key svg.map{display:inline-block;vertical-align:-4px;margin:0 .35rem 0 0}
.k-used rect{fill:var(--used)}.k-used text{fill:var(--usedfg)}
.k-unconfirmed rect,.k-resting rect{fill:var(--rest)}.k-unconfirmed text,.k-resting text{fill:var(--restfg)}
.k-retained rect{fill:var(--keep)}.k-retained text{fill:var(--keepfg)}
.k-free rect{fill:var(--free)}.k-free text{fill:var(--freefg)}
.k-server rect{fill:var(--server)}.k-server text{fill:var(--serverfg)}
.k-network rect,.k-gateway rect,.k-broadcast rect,.k-reserved rect{fill:var(--edge)}
.k-network text,.k-gateway text,.k-broadcast text,.k-reserved text{fill:var(--edgefg)}
.k-unreadable rect{fill:var(--odd)}.k-unreadable text{fill:var(--oddfg)}
details{margin:.25rem 0 .75rem}summary{cursor:pointer;color:var(--link)}
footer{margin-top:2rem;padding-bottom:2rem;color:var(--soft);font-size:.87em}
@media(max-width:40rem){table,thead,tbody,tr,th,td{display:block}thead{position:absolute;left:-999px}tr{padding:.5rem 0;border-bottom:1px solid var(--line)}
th,td{border:0;padding:0}tbody th{max-width:none}td:empty{display:none}caption{display:block}}
@media(forced-colors:active){svg.map rect{stroke:CanvasText}}
@media print{nav,form,.skip{display:none}}
`.replaceAll('\n', '')

const hash = createHash('sha256').update(STYLE).digest('base64')

/** Nothing is loaded, run, framed or sent elsewhere: the style is known by its hash, and there is no script. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${hash}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')
