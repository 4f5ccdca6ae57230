#!/bin/sh
# The page of pflow compare in a browser: by itself, without errors, wide and narrow.
#   check_page.sh BUILD_FOLDER        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
. tests/support/python.sh
. tests/support/browser.sh
if [ -z "$browser" ]; then
  echo "skipped: no chromium"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" tests/support/make_clusters.py "$folder" 300 150 8 12
cp tests/support/look_at_page.html "$folder"
cd "$folder"
name='<b>&"it'\''s.npy'
mv X.npy "$name"
long=a-map-by-a-name-that-is-longer-than-what-a-telephone-shows.safetensors
"$pflow" fit --in "$name" --method l2 --out $long >out
"$pflow" compare --in "$name" --labels y.npy --test X2.npy --test-labels y2.npy \
  --methods none,center,$long,whiten,poisson-exact@1 --html page.html >out

# see WIDTH: looks in a window of that width, and at what was found.
see() {
  look "$folder" page.html "$1"
  "$python" - "$1" <<'PYTHON'
import html, json, re, sys

width = int(sys.argv[1])
dom = open("dom.html", encoding="utf-8").read()
found = json.loads(html.unescape(re.search('<pre id="found">(.*?)</pre>', dom, re.S)[1]))
text = found.pop("text")
assert found["width"] == width and found["scrollWidth"] <= width, found
assert found["requests"] == [] and found["scripts"] == 0, found
assert found["bold"] == 0 and """<b>&"it's.npy: 300 rows""" in text, text[:500]
assert found["tables"] == found["labelled"] == 4, found
assert found["scrolling"] == (4 if width < 400 else 0), found
assert found["pictures"] == found["titled"] == 5 * 3 + 1, found
assert found["narrowest"] >= 240 and found["language"] == "en", found
assert found["names"] <= (0.46 * width if width < 400 else 600), found
assert ("push them sideways" in text) == (width < 700), text[:500]
assert "Along the flow" in text and "poisson-exact@1" in text
assert re.search("^(Use|Leave these features alone)", text, re.M), text[:500]
PYTHON
}
see 390
see 1200
if grep -oE '(src|href)="[^"]*"|url\([^)]*\)|https?:' page.html | grep -v '^href="data:,"$'; then
  echo "the page refers to something outside"
  exit 1
fi
echo "the page reads well at 390 and 1200 pixels"
