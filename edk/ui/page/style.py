"""How the pages look: one style sheet, in each page, allowed by its hash."""

from __future__ import annotations

import base64
import hashlib

CSS = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5a6675;--line:#dfe3e8;--link:#0b5fa5;
--bar:#3b82c4;--bar2:#c3d7ea;--good:#1a7f4b;--goodb:#e3f4ea;--warn:#9a5b00;--warnb:#fdf0d7;--bad:#b3261e;--badb:#fde7e5;
--mute:#5a6675;--muteb:#eceff3;--code:#eef1f4}
@media (prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1a2028;--ink:#e4e9f0;--soft:#9aa7b6;--line:#2c3542;
--link:#7ab8f0;--bar:#4d95d8;--bar2:#2b4057;--good:#6fd39d;--goodb:#16321f;--warn:#f0bd63;--warnb:#3a2c10;--bad:#ff9a90;
--badb:#43191a;--mute:#a8b4c2;--muteb:#29313c;--code:#232b35}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,
"DejaVu Sans",sans-serif}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:3px}
header,main,footer{max-width:1280px;margin:0 auto;padding:0 20px}
header{padding-top:20px;padding-bottom:10px}
h1{font-size:24px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:17px;margin:0 0 12px}
.sub,footer,.soft{color:var(--soft)}.sub{margin:0}footer{padding-top:18px;padding-bottom:28px;font-size:13px}
code,kbd,pre,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
pre{background:var(--code);padding:10px 12px;border-radius:6px;margin:6px 0 12px;white-space:pre-wrap;
overflow-wrap:anywhere}
section,.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:14px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:10px;margin:12px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 14px;color:inherit;
display:block}
.tile b{display:block;font-size:21px;font-weight:600;line-height:1.25}.tile span{color:var(--soft);font-size:13px}
form{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;margin:12px 0}
input[type=search],select,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);
border-radius:7px;padding:6px 10px;min-height:36px}
input[type=search]{flex:1 1 220px;min-width:0}button{background:var(--link);border-color:var(--link);color:var(--card);
font-weight:600;cursor:pointer}
label{display:inline-flex;gap:6px;align-items:center}
table{border-collapse:collapse;width:100%}
th{font-size:12.5px;color:var(--soft);font-weight:600;text-align:left;padding:8px 12px;white-space:nowrap}
td{padding:9px 12px;border-top:1px solid var(--line);vertical-align:top}
.list{background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.list tbody tr:hover{background:var(--muteb)}
td.num,th.num{text-align:right;white-space:nowrap}.nowrap{white-space:nowrap}
.name{font-weight:600;overflow-wrap:anywhere;min-width:170px}
.size{width:150px;margin-left:auto}.why{font-size:12.5px;color:var(--soft);margin-top:3px;max-width:220px;
overflow-wrap:anywhere}
.tags{display:flex;flex-wrap:wrap;gap:4px;margin-top:3px}
.tag{background:var(--muteb);color:var(--mute);border-radius:5px;padding:0 6px;font-size:12.5px;overflow-wrap:anywhere;
max-width:100%}
.state{display:inline-block;border-radius:20px;padding:1px 10px;font-size:12.5px;font-weight:600;white-space:nowrap;
background:var(--muteb);color:var(--mute)}
.current{background:var(--goodb);color:var(--good)}.stale{background:var(--warnb);color:var(--warn)}
.orphaned,.unreadable{background:var(--badb);color:var(--bad)}
.note{border-left:4px solid var(--warn);background:var(--warnb);padding:10px 14px;border-radius:6px;margin:12px 0;
overflow-wrap:anywhere}
.note.bad{border-color:var(--bad);background:var(--badb)}
svg.bar{display:block;width:100%;min-width:60px;height:8px;border-radius:4px;background:var(--muteb);margin-top:5px}
svg.bar .own{fill:var(--bar)}svg.bar .shared{fill:var(--bar2)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:6px 18px;margin:0}dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere;min-width:0}
ul{margin:0;padding-left:18px}li{margin:3px 0;overflow-wrap:anywhere}
.wrap{overflow-wrap:anywhere}.share{width:140px}.from{min-width:170px;overflow-wrap:anywhere}.made{min-width:200px;overflow-wrap:anywhere}.key{display:inline-block;width:10px;
height:10px;border-radius:3px;margin:0 5px 0 12px}.key.own{background:var(--bar)}.key.shared{background:var(--bar2)}
summary{cursor:pointer;font-weight:600}details table{margin-top:10px}
@media (max-width:760px){
header,main,footer{padding-left:12px;padding-right:12px}h1{font-size:20px}section{padding:14px}
.tiles{grid-template-columns:repeat(auto-fit,minmax(96px,1fr));gap:8px}.tile{padding:7px 10px}.tile b{font-size:17px}
form select{flex:1 1 40%}form button,form input[type=search]{flex:1 1 100%}
table,tbody,tr,td{display:block;width:100%}thead{display:none}
tr{border-top:1px solid var(--line);padding:10px 4px}tbody tr:first-child{border-top:0}
td,td.num{border:0;padding:3px 10px;text-align:left;white-space:normal}
td[data-label]{display:grid;grid-template-columns:84px 1fr;gap:8px}td.num .size{max-width:340px}
td[data-label]::before{content:attr(data-label);color:var(--soft);font-size:13px}
td.first{display:block}td.first::before{content:none}
dl{grid-template-columns:1fr;gap:0}dt{margin-top:8px;font-size:13px}.made,.name,.from{min-width:0}.share{width:auto;max-width:340px}.size{width:auto;margin:0}
}
@media print{form,.tile{break-inside:avoid}}
"""
HASH = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
