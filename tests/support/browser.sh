# browser.sh - sourced by checks of pages: sets `browser`, empty where there is none.
#
#   look FOLDER PAGE WIDTH   what look_at_page.html finds in FOLDER/PAGE in a window of that
#                            width, as a line of FOLDER/dom.html; fails where the browser
#                            does, or the page has something to say on the console
browser=$(command -v chromium || command -v chromium-browser || true)

look() {
  timeout 100 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --hide-scrollbars --disable-background-networking --user-data-dir="$1/profile" \
    --allow-file-access-from-files --virtual-time-budget=10000 --enable-logging=stderr \
    --dump-dom "file://$1/look_at_page.html#$3|$2" >"$1/dom.html" 2>"$1/log" || {
    tail -n 5 "$1/log"
    return 1
  }
  if grep -E ':CONSOLE' "$1/log"; then
    echo "the page has console messages"
    return 1
  fi
}
