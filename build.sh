#!/usr/bin/env bash
# Glossa's one entry: installs what is missing, builds, serves, tests.
#
#   ./build.sh serve [PORT]   the page on http://localhost:PORT/ (8000)
#   ./build.sh test           every test: native, and the page in headless Chromium
#   ./build.sh build          the command line (target/release/glossa) and the browser's files (www/pkg)
#   ./build.sh bench          everything that docs/performance.md has figures of; its first part lists the flags
#
# A second run does no work twice.
set -euo pipefail
cd "$(dirname "$0")"

WASM_TARGET=wasm32-unknown-unknown
OLDEST_RUST=1.91

say() { printf '\n== %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }

# Ends the script: what failed, and what to do by hand.
give_up() {
  printf '\nbuild.sh: %s\n' "$1" >&2
  shift
  printf '  %s\n' "$@" >&2
  exit 1
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Installs Debian or Ubuntu packages: the first argument says what they are for.
packages() {
  local purpose=$1
  shift
  say "Installing $* for $purpose (up to 2 minutes)"
  have apt-get || give_up "this is no Debian or Ubuntu machine: $purpose is missing" "install by hand: $*"
  [ -n "${PACKAGES_UPDATED:-}" ] || as_root apt-get update -qq || true
  PACKAGES_UPDATED=1
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null ||
    give_up "could not install $purpose" "install by hand: apt-get install $*"
}

# Whether version $1 is at least $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

rust_version() { "$1" --version 2>/dev/null | cut -d ' ' -f 2; }

# Debian's own compiler, kept recent for browsers. It brings the sources that the WebAssembly target is built from.
has_debian_rust() {
  [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && at_least "$(rust_version /usr/bin/rustc)" "$OLDEST_RUST" &&
    [ -d /usr/lib/rustlib/src ] && [ -x /usr/bin/rust-lld ]
}

debian_rust() {
  has_debian_rust || packages "Debian's Rust compiler" rustc-web cargo-web rust-web-src rust-web-llvm lld-22
}

# Sets CARGO to a cargo that builds for this machine.
need_rust() {
  [ -z "${CARGO:-}" ] || return 0
  [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
  if have rustc && have cargo && at_least "$(rust_version rustc)" "$OLDEST_RUST"; then
    CARGO=cargo
    return
  fi
  have cc || packages "a C compiler" gcc libc6-dev
  say "Installing Rust $OLDEST_RUST or later (1 to 3 minutes)"
  if curl -fsS --max-time 30 https://sh.rustup.rs -o /tmp/rustup-init.sh &&
    sh /tmp/rustup-init.sh -y -q --profile minimal >/dev/null 2>&1; then
    . "$HOME/.cargo/env"
    CARGO=cargo
  else
    debian_rust
    CARGO=/usr/bin/cargo
    export RUSTC=/usr/bin/rustc
  fi
}

# Node from version 18, with npm: the test driver, the static server and wasm-opt are npm packages.
need_node() {
  have node && have npm && at_least "$(node --version | tr -d v)" 18 || packages "Node.js" nodejs npm
  if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    say "Installing the npm packages of package.json (under a minute)"
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
      give_up "npm could not install the packages" "npm ci --ignore-scripts"
  fi
}

# wasm-bindgen's program must be of the very version that Cargo.lock names for the library.
need_wasm_bindgen() {
  local version
  version=$(grep -A 1 '^name = "wasm-bindgen"$' Cargo.lock | sed -n 's/^version = "\(.*\)"$/\1/p')
  WASM_BINDGEN=target/tools/$version/bin/wasm-bindgen
  [ -x "$WASM_BINDGEN" ] && return
  if have wasm-bindgen && [ "$(wasm-bindgen --version | cut -d ' ' -f 2)" = "$version" ]; then
    WASM_BINDGEN=wasm-bindgen
    return
  fi
  say "Building wasm-bindgen-cli $version (2 to 4 minutes, once)"
  "$CARGO" install -q wasm-bindgen-cli --version "$version" --root "target/tools/$version" --no-track ||
    give_up "could not build wasm-bindgen-cli" "cargo install wasm-bindgen-cli --version $version"
}

# Whether rustup's compiler has the sources of its standard library, or gets them now.
rustup_sources() {
  have rustup || return 1
  local sources
  sources=$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock
  [ -f "$sources" ] || timeout 120 rustup component add rust-src >/dev/null 2>&1 && [ -f "$sources" ]
}

rustup_target() {
  have rustup && { rustup target list --installed | grep -qx "$WASM_TARGET" ||
    timeout 120 rustup target add "$WASM_TARGET" >/dev/null 2>&1; }
}

# Prints the flags by which compiler $1 leaves out what panics say and where they were. A panic is the same trap either
# way; what it said would reach nobody but a developer's console, and is a tenth of the file. Compilers before 1.92
# print none.
silent_panics() {
  local flags="-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none"
  # shellcheck disable=SC2086
  RUSTC_BOOTSTRAP=1 "$1" $flags --print cfg >/dev/null 2>&1 && printf '%s' "$flags" || true
}

# Builds the library for WebAssembly: by rustup's compiler or Debian's, with a standard library built from its sources, so
# that this is as small as the rest; without sources by rustup's target, whose binary is a tenth larger.
cargo_wasm() {
  local flags="-C target-feature=+simd128"
  local small_std=(-Z build-std=std,panic_abort -Z build-std-features=optimize_for_size)
  if rustup_sources; then
    RUSTFLAGS="$flags $(silent_panics rustc)" RUSTC_BOOTSTRAP=1 \
      cargo build "$@" --target "$WASM_TARGET" "${small_std[@]}"
  elif ! has_debian_rust && rustup_target; then
    RUSTFLAGS=$flags cargo build "$@" --target "$WASM_TARGET"
  else
    debian_rust
    RUSTFLAGS="$flags $(silent_panics /usr/bin/rustc) -C linker=rust-lld" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
      /usr/bin/cargo build "$@" --target "$WASM_TARGET" "${small_std[@]}"
  fi
}

build_native() {
  need_rust
  say "Building the command line (5 to 8 minutes on two cores the first time, then seconds)"
  "$CARGO" build --release --locked || give_up "the build failed: see above"
}

# The browser's binary $1, with the crate features $2, optimised with the flags $3. Whether it is up to date is told
# by times and not left to cargo, which holds one binary at a time and would build both again.
build_binary() {
  local name=$1 features=$2 flags=$3 made=www/pkg/$1/glossa_bg.wasm
  if [ -f "$made" ] && [ -z "$(find Cargo.toml Cargo.lock README.md build.sh crates src -newer "$made" -print -quit)" ]; then
    return
  fi
  say "Building the browser's binary '$name' (5 to 12 minutes on two cores the first time, the second binary less)"
  cargo_wasm --locked --lib --profile web --no-default-features --features "$features" ||
    give_up "the build failed: see above"
  say "Binding and optimising it (a minute)"
  rm -rf "target/pkg/$name" && mkdir -p "target/pkg/$name" www/pkg
  "$WASM_BINDGEN" --target web --no-typescript --out-name glossa --out-dir "target/pkg/$name" \
    "target/$WASM_TARGET/web/glossa_ner.wasm"
  # The compiler has optimised for speed; of the levels here, this one gives the smallest file after compression.
  # shellcheck disable=SC2086
  node_modules/.bin/wasm-opt -O1 --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int \
    --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue $flags \
    --strip-debug --strip-producers "target/pkg/$name/glossa_bg.wasm" -o "target/pkg/$name/optimised.wasm"
  mv "target/pkg/$name/optimised.wasm" "target/pkg/$name/glossa_bg.wasm"
  # By its hash a browser tells whether the binary that it keeps is still the one to run.
  printf "\nexport const sha256 = '%s';\n" "$(sha256sum "target/pkg/$name/glossa_bg.wasm" | cut -d ' ' -f 1)" \
    >>"target/pkg/$name/glossa.js"
  rm -rf "www/pkg/$name" && mv "target/pkg/$name" "www/pkg/$name"
}

# The page's scripts as one file, and its worker's as another: a browser takes longer to ask for twenty files than to read
# them. The worker's bundle is as deep below www/ as its source, so that its relative address of www/pkg/ holds for both.
build_scripts() {
  local bundle=(node_modules/.bin/esbuild --bundle --format=esm --minify --sourcemap --log-level=warning)
  "${bundle[@]}" www/page/app.js --outfile=www/pkg/app.js
  "${bundle[@]}" www/glossa/worker/worker.js --outfile=www/pkg/worker/worker.js
}

build_web() {
  need_rust
  need_node
  need_wasm_bindgen
  build_binary simd "" ""
  build_binary relaxed-simd relaxed-simd --enable-relaxed-simd
  build_scripts
}

run_serve() {
  local port=${1:-8000}
  build_web
  say "Serving the page on http://localhost:$port/ (Ctrl+C ends it)"
  exec node_modules/.bin/sirv www --port "$port" --dev --quiet --host 127.0.0.1
}

run_test() {
  build_web
  build_native
  say "Native tests (a minute once built)"
  "$CARGO" test --release --locked
  have chromium || have chromium-browser || have google-chrome || packages "a browser" chromium fonts-dejavu-core
  say "The page and the module in headless Chromium (2 minutes)"
  node --test --test-concurrency=1 tests/browser/
}

# The engines to compare with, from npm, and the models in their forms, made once.
need_peers() {
  if [ ! -d bench/node_modules ] || [ bench/package-lock.json -nt bench/node_modules/.package-lock.json ]; then
    say "Installing the engines to compare with (a minute)"
    npm ci --prefix bench --ignore-scripts --no-audit --no-fund --loglevel=error ||
      give_up "npm could not install the peers" "npm ci --prefix bench --ignore-scripts"
  fi
  local venv=target/bench/venv models=target/bench/models model=www/models/cellular/model.onnx
  local python=$venv/bin/python
  if [ ! -f $venv/installed ] || [ bench/requirements.txt -nt $venv/installed ]; then
    have python3 && python3 -c 'import ensurepip' 2>/dev/null || packages "Python" python3 python3-venv
    say "Installing onnxruntime for Python (a minute)"
    python3 -m venv $venv && $python -m pip install -q -r bench/requirements.txt ||
      give_up "pip could not install the packages of bench/requirements.txt" "$python -m pip install -r bench/requirements.txt"
    touch $venv/installed
  fi
  if [ ! -f $models/made ] || [ bench/make_models.py -nt $models/made ] || [ $model -nt $models/made ]; then
    say "Making the models for the peers (2 minutes)"
    $python bench/make_models.py --bundle www/models/cellular --out $models || give_up "the models were not made: see above"
    touch $models/made
  fi
}

# LiteRT's models go by way of torch: several gigabytes, so only when asked for.
need_litert() {
  local venv=target/bench/litert-venv models=target/bench/models
  [ ! -f $models/litert-made ] || [ $models/made -nt $models/litert-made ] || return 0
  say "Installing litert-torch (5 to 10 minutes) and converting the models"
  { python3 -m venv $venv && $venv/bin/python -m pip install -q litert-torch==0.10.0 transformers onnx; } ||
    give_up "litert-torch could not be installed" "run the benchmark without --with-litert"
  $venv/bin/python bench/make_litert.py --models $models || give_up "LiteRT's models were not made: see above"
  touch $models/litert-made
}

run_bench() {
  need_node
  build_web
  build_native
  have chromium || have chromium-browser || have google-chrome || packages "a browser" chromium fonts-dejavu-core
  need_peers
  if [ "${1:-}" = --with-litert ]; then
    need_litert
    shift
  fi
  if [ "${1:-}" = --serve ]; then
    exec node bench/server.mjs "${2:-8001}"
  fi
  say "Measuring; leave the machine alone (20 minutes)"
  node bench/run.mjs "$@"
}

case "${1:-}" in
  serve) run_serve "${2:-}" ;;
  test) run_test ;;
  build) build_native && build_web ;;
  bench) run_bench "${@:2}" ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
