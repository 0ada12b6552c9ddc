#!/usr/bin/env bash
# Glossa's one entry: installs what is missing, builds, serves, tests.
#
#   ./build.sh serve [PORT]   the page on http://localhost:PORT/ (8000), from a quick build if there is no other
#   ./build.sh test           every test: native, and the page as shipped in headless Chromium
#   ./build.sh lint           formatting and lints of Rust and JavaScript; runs no test
#   ./build.sh firefox        the page and the module in Firefox
#   ./build.sh readers        what readers of other projects find in the files of each format that Glossa writes
#   ./build.sh wheel [--all]  the Python packages, in target/wheels, and their tests: Arrow, Spark, Ray; or all, with Spark 4 too
#   ./build.sh crate          the crates as published: their public interface, the oldest Rust, packing, the packed tests
#   ./build.sh build          what is shipped: the command line (target/release/glossa) and the browser's files (www/pkg)
#   ./build.sh egress         watches all that a browser sends and keeps while someone works on the page, and prints it
#   ./build.sh bench          everything that docs/performance.md has figures of; its first part lists the flags
#   ./build.sh npm            the npm packages, in target/npm, and their tests: in bundlers, without one, in Node
#   ./build.sh site           the page, documentation, interfaces and examples as one folder, target/site, and its tests
#   ./build.sh package        what is released, in target/package: crates, command line, page, bill of materials, hashes
#   ./build.sh reproduce      the browser's binaries from two clean builds, which must be the same
#   ./build.sh audit [FOLDER] advisories, licences and sources of all crates, by cargo-deny
#   ./build.sh mutants        which changes of the code no test would notice, by cargo-mutants
#   ./build.sh fuzz [MINUTES] [SURFACE]   libFuzzer on each surface that strangers' bytes reach, or on one, so long each (1)
#   ./build.sh arm            the tests of the kernels of 64-bit Arm, under qemu
#   ./build.sh cross          what is released for Linux on 64-bit Arm: command line and wheel, in target/package, tried under qemu
#   ./build.sh sanitize       the tests of the unsafe code under AddressSanitizer
#
# A second run builds only what has changed. CONTRIBUTING.md says how long each step takes.
set -euo pipefail
cd "$(dirname "$0")"

WASM_TARGET=wasm32-unknown-unknown
OLDEST_RUST=1.91
CARGO_DENY=0.20.2
CARGO_FUZZ=0.13.2
CARGO_MUTANTS=27.1.0
MDBOOK=0.5.4
# One selection of packages for building and testing: with another, cargo would build libraries again for other features. The
# Python package is among them although neither needs it: its macros want more of `syn` than others do, and with `syn` goes
# all that derives anything. So the wheel is made of what the tests have built.
LIBRARY_AND_COMMAND=(--workspace --exclude bind-wasm --exclude list-api)

# The packages of crates.io, and the others.
PUBLISHED=(glossa-kernels jdk-regex glossa-ner)
NOT_PUBLISHED=(--exclude bind-wasm --exclude glossa-fuzz --exclude glossa-python --exclude list-api)

say() { printf '\n== %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }

# Ends the script: what failed, and what to do by hand.
give_up() {
  printf '\nbuild.sh: %s\n' "$1" >&2
  shift
  printf '  %s\n' "$@" >&2
  exit 1
}

# Says what is left out for want of a tool, which CI must not do.
cannot_check() { [ -z "${CI:-}" ] || give_up "$1"; say "Left out: $1"; }

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

# Node from version 18, with npm: the bundler, the test driver, the static server and wasm-opt are npm packages.
need_node() {
  have node && have npm && at_least "$(node --version | tr -d v)" 18 || packages "Node.js" nodejs npm
  npm_packages . "the npm packages of package.json (under a minute)"
}

# Installs what folder $1's package-lock.json lists, if it is not there; $2 says what that is.
npm_packages() {
  # npm would empty the folder that a link leads to, which is another work tree's.
  [ ! -L "$1/node_modules" ] || return 0
  [ ! -d "$1/node_modules" ] || [ "$1/package-lock.json" -nt "$1/node_modules/.package-lock.json" ] || return 0
  say "Installing $2"
  npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error ||
    give_up "npm could not install the packages" "npm ci --prefix $1 --ignore-scripts"
}

# Installs the Python packages of file $2 in the virtual environment $1, if it does not have just those; $3 says what they are.
# The rest is pip's.
python_packages() {
  local venv=$1 requirements=$2 what=$3
  shift 3
  ! cmp -s "$requirements" "$venv/installed" || return 0
  { have python3 && python3 -c 'import ensurepip' 2>/dev/null; } || packages "Python" python3 python3-venv
  say "Installing $what"
  rm -rf "$venv"
  { python3 -m venv "$venv" && "$venv/bin/python" -m pip install -q -r "$requirements" "$@"; } ||
    give_up "pip could not install the packages of $requirements" "$venv/bin/python -m pip install -r $requirements $*"
  cp "$requirements" "$venv/installed"
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

# Runs cargo's command $1 (build or clippy) for WebAssembly with the profile $2; the rest is cargo's. Both kinds of
# compiler will do, rustup's and Debian's. What is shipped gets a standard library built from its sources, so that this is as small as the rest:
# the target's own makes the binary a tenth larger. A quick build takes the target's own, which is there at once.
cargo_wasm() {
  local command=$1 profile=$2 flags="-C target-feature=+simd128"
  local small_std=(-Z build-std=std,panic_abort -Z build-std-features=optimize_for_size)
  shift 2
  set -- --profile "$profile" --target "$WASM_TARGET" --locked --package glossa-ner --lib --no-default-features --features javascript "$@"
  if [ "$profile" != web ] && rustup_target; then
    RUSTFLAGS=$flags cargo "$command" "$@"
  elif rustup_sources; then
    RUSTFLAGS="$flags $(silent_panics rustc)" RUSTC_BOOTSTRAP=1 cargo "$command" "${small_std[@]}" "$@"
  elif ! has_debian_rust && rustup_target; then
    RUSTFLAGS=$flags cargo "$command" "$@"
  else
    debian_rust
    RUSTFLAGS="$flags $(silent_panics /usr/bin/rustc) -C linker=rust-lld" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
      /usr/bin/cargo "$command" "${small_std[@]}" "$@"
  fi
}

build_native() {
  need_rust
  say "Building the command line (5 to 8 minutes on two cores the first time)"
  "$CARGO" build --release --locked "${LIBRARY_AND_COMMAND[@]}" --bin glossa || give_up "the build failed: see above"
}

# Whether file $1 is newer than everything that the browser's binaries are built from. cargo cannot tell: it keeps one
# binary at a time, and would build both again.
is_fresh() {
  [ -f "$1" ] && [ -z "$(find Cargo.toml Cargo.lock build.sh crates src -newer "$1" -print -quit)" ]
}

# Builds the browser's binary $2 (relaxed-simd or simd) with the profile $1 (quick or web) into www/pkg.
build_binary() {
  local profile=$1 name=$2 features=() simd=()
  local made=target/pkg/$profile/$name
  [ "$name" = simd ] || { features=(--features relaxed-simd) simd=(--enable-relaxed-simd); }
  if ! is_fresh "$made/glossa_bg.wasm"; then
    say "Building the browser's binary '$name' ($3)"
    cargo_wasm build "$profile" "${features[@]}" ||
      give_up "the build failed: see above"
    # In its place when it is complete: what a failed step leaves must not be taken for fresh.
    rm -rf "$made" "$made.new" && mkdir -p "$made.new"
    "$CARGO" run -q --profile quick --locked --package bind-wasm -- \
      "target/$WASM_TARGET/$profile/glossa_ner.wasm" "$made.new" || give_up "the bindings were not made: see above"
    [ "$profile" = quick ] || optimise_binary "$made.new" "${simd[@]}"
    # By its hash a browser tells whether the binary that it keeps is still the one to run.
    printf "\nexport const sha256 = '%s';\n" "$(sha256sum "$made.new/glossa_bg.wasm" | cut -d ' ' -f 1)" >>"$made.new/glossa.js"
    mv "$made.new" "$made"
  fi
  if ! cmp -s "$made/glossa.js" "www/pkg/$name/glossa.js"; then
    rm -rf "www/pkg/$name" && mkdir -p www/pkg && cp -R "$made" "www/pkg/$name"
  fi
}

# Runs wasm-opt on the binary in folder $1; the rest are its flags. The compiler has optimised for speed; of the levels
# here, -O1 gives the smallest file after compression, and the passes that are named take as much again from it.
optimise_binary() {
  local binary=$1/glossa_bg.wasm
  shift
  node_modules/.bin/wasm-opt -O1 --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int \
    --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue "$@" \
    --dae-optimizing --duplicate-function-elimination --code-pushing --rse --vacuum \
    --simplify-locals-nostructure --reorder-locals --merge-locals --coalesce-locals --vacuum --reorder-locals --reorder-functions \
    --strip-debug --strip-producers "$binary" -o "$binary.optimised" && mv "$binary.optimised" "$binary" ||
    give_up "wasm-opt failed: see above"
}

# The page's scripts as one file, and its worker's as another: a browser takes longer to ask for twenty files than to read
# them. The worker's bundle is as deep below www/ as its source, so that its relative address of www/pkg/ holds for both.
# The service worker is a third; last comes the list of the files that together are a version of the page.
build_scripts() {
  local bundle=(node_modules/.bin/esbuild --bundle --format=esm --minify --sourcemap --log-level=warning)
  "${bundle[@]}" www/page/app.js --outfile=www/pkg/app.js
  "${bundle[@]}" www/glossa/worker/worker.js --outfile=www/pkg/worker/worker.js
  "${bundle[@]}" --format=iife www/service-worker/service-worker.js --outfile=www/pkg/service-worker.js
  node scripts/page-files.mjs www
}

# Everything of the page that is built, as it is shipped.
build_web() {
  build_binaries
  build_scripts
}

# The browser's binaries by themselves.
build_binaries() {
  need_rust
  need_node
  build_binary web simd "4 to 6 minutes on two cores the first time"
  build_binary web relaxed-simd "1 to 2 minutes"
}

# The same for a look at the page: of each binary the one that is shipped if it is fresh, otherwise a quick one.
build_page() {
  local name profile
  need_rust
  need_node
  for name in relaxed-simd simd; do
    profile=quick
    ! is_fresh "target/pkg/web/$name/glossa_bg.wasm" || profile=web
    build_binary $profile $name "4 to 6 minutes on two cores the first time, both binaries together"
  done
  build_scripts
}

# Prints the folder and the title of each model.
list_models() {
  node --input-type=module --eval '
    import { readdirSync, readFileSync } from "node:fs";
    for (const name of readdirSync("www/models")) {
      const { title } = JSON.parse(readFileSync(`www/models/${name}/manifest.json`));
      console.log(`  ${name.padEnd(16)} ${title}`);
    }'
}

run_serve() {
  local port=${1:-8000}
  # The server would take another port, and say nothing of it.
  ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || give_up "port $port is taken" "./build.sh serve $((port + 1))"
  build_page
  say "Glossa is on http://localhost:$port/ (Ctrl+C ends it)"
  printf '\nModels\n'
  list_models
  cat <<'TEXT'

Try first
  1. Press "Cellular" or "Clinical trial" above the text, then "Annotate".
  2. Paste an abstract of your own; move the confidence slider.
  3. Drop a Spark NLP zip or a Hugging Face folder (ONNX) on the page to run your own model.
TEXT
  exec node_modules/.bin/sirv www --port "$port" --dev --quiet --host 127.0.0.1
}

run_test() {
  build_web
  build_native
  say "Native tests (a minute once built)"
  "$CARGO" test --release --locked "${LIBRARY_AND_COMMAND[@]}"
  say "The JavaScript that needs no browser"
  npm run --silent test
  need_browser
  say "The page and the module in headless Chromium (2 minutes)"
  node --test --test-concurrency=1 tests/browser/
}

# The crates as crates.io would have them. The library must pass its tests outside the repository, with the workspace's other
# crates from their packages too.
run_crate() {
  need_rust
  check_public_api
  check_without_features
  check_oldest_rust
  say "What crates.io would take"
  "$CARGO" publish --quiet --dry-run --no-verify --allow-dirty --locked --workspace "${NOT_PUBLISHED[@]}" ||
    give_up "crates.io would not take the crates: see above"
  say "The library's crate, packed, unpacked and tested (2 minutes after the tests)"
  pack_crates
  local folder target patches=() name
  folder=$(mktemp -d) target=$PWD/target
  for name in "${PUBLISHED[@]}"; do
    tar xzf "target/package/$name-$(crate_version)".crate -C "$folder"
    [ $name = glossa-ner ] || patches+=(--config "patch.crates-io.$name.path='$folder/$name-$(crate_version)'")
  done
  beside_python "$folder/glossa-ner-$(crate_version)"
  (cd "$folder/glossa-ner-$(crate_version)" &&
    CARGO_TARGET_DIR=$target "$CARGO" test --release --package glossa-ner --package glossa-python "${patches[@]}") ||
    give_up "the packed crate fails its tests: see above"
  rm -rf "$folder"
}

# Makes the unpacked crate in folder $1 a workspace with the Python package, so that libraries have the features that the tests
# have built them with, and none is built again. The crate itself stays as it is.
beside_python() {
  mkdir "$1/python"
  cp -R python/Cargo.toml python/src "$1/python"
  {
    printf '\n[workspace]\nmembers = ["python"]\n'
    sed -n '/^\[workspace\.package\]$/,/^\[package\]$/p' Cargo.toml | sed '$d'
  } >>"$1/Cargo.toml"
  cp Cargo.lock "$1"
}

# The public interface of each crate is listed in tests/public_api/, so that a change of it is seen. rustdoc's JSON is not yet
# for every compiler, and each version of the tool reads one version of it. UPDATE=1 writes the lists.
check_public_api() {
  say "The public interface of the crates (a minute)"
  local name json state
  # For rustdoc alone: build scripts look at this variable, and all would be built again.
  printf '#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec %q "$@"\n' "$("${RUSTC:-rustc}" --print sysroot)/bin/rustdoc" >target/rustdoc-json
  chmod +x target/rustdoc-json
  for name in "${PUBLISHED[@]}"; do
    json=target/doc/${name//-/_}.json
    RUSTDOC=$PWD/target/rustdoc-json "$CARGO" rustdoc --quiet --release --locked --package "$name" --lib -- \
      -Z unstable-options --output-format json || give_up "the interface of $name could not be listed: see above"
    state=0
    "$CARGO" run -q --profile quick --locked --package list-api -- "$json" "tests/public_api/$name.txt" || state=$?
    case $state in
      0) ;;
      3) cannot_check "the public interface is not compared: $(rustc --version) writes it in a way that is not known here" && return ;;
      *) give_up "the public interface of $name is not the one in tests/public_api/$name.txt: see above" \
        "if that is meant: UPDATE=1 ./build.sh crate, and a line in CHANGELOG.md" ;;
    esac
  done
}

check_without_features() {
  say "The library without its features, and with formats alone (a minute)"
  local features
  for features in "" formats; do
    "$CARGO" clippy --quiet --release --locked --lib --no-default-features --features "$features" -- --deny warnings ||
      give_up "the library has warnings or errors with the features '$features': see above"
  done
}

# The kernels' tests on processors that this machine has not: one without a dot product, one with it, and one with products of
# matrices. qemu gives their results, not their speed.
run_arm() {
  need_rust
  local target=aarch64-unknown-linux-musl name=AARCH64_UNKNOWN_LINUX_MUSL processor kernel
  have qemu-aarch64 || packages "an emulator of 64-bit Arm" qemu-user
  { have rustup && { rustup target list --installed | grep -qx $target ||
    timeout 120 rustup target add $target >/dev/null 2>&1; }; } || give_up "rustup does not have the target $target"
  export "CARGO_TARGET_${name}_LINKER=rust-lld"
  local tests=(--release --locked --package glossa-kernels --lib --target $target --target-dir target/arm)
  "$CARGO" clippy --quiet "${tests[@]}" --tests -- --deny warnings || give_up "the kernels have warnings: see above"
  for processor in cortex-a72:neon neoverse-n1:dotprod max:i8mm; do
    kernel=${processor#*:}
    say "The kernels' tests on ${processor%:*}, whose fastest is '$kernel'"
    export "CARGO_TARGET_${name}_RUNNER=qemu-aarch64 -cpu ${processor%:*}"
    "$CARGO" test --quiet "${tests[@]}" || give_up "the tests fail: see above"
    "$CARGO" test --quiet "${tests[@]}" -- --nocapture kernels_are_known_by_their_names | grep "kernels: $kernel " >/dev/null ||
      give_up "its kernel is not '$kernel'"
  done
}

# The command line and the wheel for Linux on 64-bit Arm, by zig, which maturin runs, against the oldest C library that it and Rust
# know. Each then annotates a sentence under qemu, and must say what this machine's command line says.
run_cross() {
  build_native
  local target=aarch64-unknown-linux-gnu name=AARCH64_UNKNOWN_LINUX_GNU tools=$PWD/target/wheel/tools
  local made=$PWD/target/cross out=$PWD/target/package root=$PWD/target/cross/root wheel
  python_packages "$tools" python/requirements.txt "what builds wheels (half a minute)"
  have qemu-aarch64 || packages "an emulator of 64-bit Arm" qemu-user
  { have rustup && { rustup target list --installed | grep -qx $target ||
    timeout 120 rustup target add $target >/dev/null 2>&1; }; } || give_up "rustup does not have the target $target"
  mkdir -p "$made" "$out"
  # maturin finds zig by the Python of the path.
  printf '#!/bin/sh\nPATH=%q:$PATH exec maturin zig cc -- "$@" -target aarch64-linux-gnu.2.17\n' "$tools/bin" >"$made/cc"
  chmod +x "$made/cc"
  export "CARGO_TARGET_${name}_LINKER=$made/cc" "CC_${target//-/_}=$made/cc"
  say "Building the command line and the wheel for 64-bit Arm (10 minutes on two cores the first time)"
  "$CARGO" build --release --locked "${LIBRARY_AND_COMMAND[@]}" --bin glossa --target $target --target-dir "$made" ||
    give_up "the build failed: see above"
  archive "$out/glossa-$(crate_version)-$target.tar.gz" LICENSE THIRD-PARTY-LICENSES -C "$made/$target/release" glossa
  rm -f "$out"/glossa_ner-*aarch64.whl
  CARGO_TARGET_DIR=$made "$tools/bin/maturin" build --quiet --release --locked --manifest-path python/Cargo.toml --target $target \
    --out "$out" --compatibility manylinux_2_17 || give_up "the wheel was not built: see above"
  wheel=$(echo "$out"/glossa_ner-*aarch64.whl)
  say "A sentence, by each of them under qemu"
  arm_python "$root" || { cannot_check "no Python of 64-bit Arm is to be had here, and what was built is not tried" && return; }
  rm -rf "$made/wheel" && python3 -m zipfile -e "$wheel" "$made/wheel"
  echo "IL-2 gene expression and NF-kappa B activation through CD28 requires reactive oxygen production." >"$made/sentence.txt"
  local precision said command='import sys; from glossa_ner._command import main; sys.exit(main())'
  for precision in f32 int8; do
    said=(annotate --model www/models/cellular --precision $precision --to jsonl "$made/sentence.txt")
    target/release/glossa "${said[@]}" >"$made/here.$precision"
    qemu-aarch64 -L "$root" "$made/$target/release/glossa" "${said[@]}" >"$made/command-line.$precision"
    PYTHONPATH=$made/wheel qemu-aarch64 -L "$root" "$root"/usr/bin/python3.[0-9]* -c "$command" "${said[@]}" >"$made/by-wheel.$precision"
  done
  # The same in all but the last digits of a confidence: sums of f32 have another order. In int8 rounding makes more of that.
  python3 - "$made" <<'PYTHON' || give_up "64-bit Arm says something else than this machine: see above" "ls $made/*.f32 $made/*.int8"
import json, sys
for precision, tolerance in ("f32", 1e-5), ("int8", 0.02):
    read = lambda name: json.load(open(f"{sys.argv[1]}/{name}.{precision}"))
    here = read("here")
    assert len(here["chunks"]) > 1
    for name in "command-line", "by-wheel":
        there = read(name)
        for one, other in zip(here["chunks"], there["chunks"]):
            assert abs(one["confidence"] - other["confidence"]) < tolerance, (name, one, other)
            other["confidence"] = one["confidence"]
        assert here == there, (name, here, there)
PYTHON
  say "The same as by this machine. In target/package:"
  (cd "$out" && sha256sum -- *aarch64*)
}

# Unpacks Debian's Python of 64-bit Arm, with the C library, to folder $1. Nothing of it is installed.
arm_python() {
  local root=$1 lists=$1.lists python
  [ -z "$(find "$root/usr/bin" -name 'python3.*' 2>/dev/null)" ] || return 0
  local apt=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State::Lists=$lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
  have apt-get && mkdir -p "$lists/partial" "$root.packages" && apt-get "${apt[@]}" update || return 1
  python=$(apt-cache "${apt[@]}" depends python3-minimal | sed -n 's/.*Depends: \(python3\.[0-9]*\)-minimal$/\1/p')
  (cd "$root.packages" && apt-get "${apt[@]}" download "$python-minimal" "lib$python-minimal" "lib$python-stdlib" libc6 libexpat1 libffi8 zlib1g) || return 1
  find "$root.packages" -name '*.deb' -exec dpkg-deb -x {} "$root" ';'
}

# Everything that is published, with the oldest compiler that Cargo.toml names.
check_oldest_rust() {
  have rustup && { rustup run "$OLDEST_RUST" rustc --version >/dev/null 2>&1 ||
    timeout 300 rustup toolchain install "$OLDEST_RUST" --profile minimal --no-self-update >/dev/null 2>&1; } ||
    { cannot_check "nothing is built with Rust $OLDEST_RUST: rustup does not have it" && return; }
  say "The crates with Rust $OLDEST_RUST (2 minutes)"
  RUSTUP_TOOLCHAIN=$OLDEST_RUST cargo check --quiet --locked --workspace "${NOT_PUBLISHED[@]}" --target-dir target/oldest ||
    give_up "Rust $OLDEST_RUST does not build the crates: see above"
}

pack_crates() {
  "$CARGO" package --quiet --workspace "${NOT_PUBLISHED[@]}" --no-verify --allow-dirty ||
    give_up "the crates could not be packed: see above"
}

# The npm packages as one installs them.
run_npm() {
  build_web
  need_browser
  pack_npm
  say "The npm packages in what bundlers make of them, without one, and in Node (2 minutes)"
  node --test --test-concurrency=1 tests/npm/
}

pack_npm() {
  say "Packing the npm packages"
  npm run --silent types && node scripts/npm/pack.mjs || give_up "the npm packages could not be packed: see above"
}

# Everything for readers and users in one folder, which any static host can serve below any path.
run_site() {
  build_web
  need_browser
  # A book is made in a second by a program that was built quickly, too.
  need_cargo_tool mdbook $MDBOOK --debug --no-default-features --features search
  npm_packages scripts/site "what makes pages of types and diagrams (half a minute)"
  pack_npm
  say "Pages of the crate (2 minutes on two cores the first time)"
  rm -rf target/doc
  "$CARGO" doc --quiet --release --locked --no-deps --package glossa-ner --lib || give_up "rustdoc failed: see above"
  say "The site"
  node scripts/site/make.mjs "$PWD/target/tools/bin/mdbook" || give_up "the site could not be made: see above"
  say "Its tests, below a path of a host that sends no headers (a minute)"
  node --test --test-concurrency=1 tests/site/
  say "The site is in target/site, $(du -sh target/site | cut -f 1)"
}

# What is released. The archives depend on the files in them alone: names in order, no dates, no owners.
run_package() {
  build_native
  build_web
  pack_crates
  pack_npm
  local out=target/package version
  version=$(crate_version)
  say "Archives, bill of materials and hashes"
  node scripts/supply/licences.mjs --check || give_up "the notice of licences is not up to date" "node scripts/supply/licences.mjs"
  node scripts/supply/sbom.mjs $out || give_up "the bill of materials could not be made: see above"
  archive "$out/glossa-www-$version.tar.gz" LICENSE THIRD-PARTY-LICENSES $(node scripts/supply/shipped-files.mjs www) -C $out integrity.json
  archive "$out/glossa-$version-$(rustc_host).tar.gz" LICENSE THIRD-PARTY-LICENSES -C target/release glossa
  (cd $out && sha256sum -- *"-$version"*.crate *"-$version"*.tar.gz glossa.cdx.json integrity.json >SHA256SUMS && cat SHA256SUMS)
}

# Writes archive $1 of the files that follow.
archive() {
  local made=$1
  shift
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=u=rwX,go=rX -cf - "$@" | gzip -n -9 >"$made"
}

rustc_host() { "${RUSTC:-rustc}" -vV | sed -n 's/^host: //p'; }

# Installs version $2 of the program $1 from crates.io into target/tools; the rest is cargo's.
need_cargo_tool() {
  local name=$1 version=$2 bin=target/tools/bin/$1 command=()
  shift 2
  # A command of cargo's is told its own name.
  [ "$name" = "${name#cargo-}" ] || command=("${name#cargo-}")
  [ "$("$bin" "${command[@]}" --version 2>/dev/null | cut -d ' ' -f 2 | tr -d v)" != "$version" ] || return 0
  say "Installing $name $version (up to 5 minutes on two cores)"
  "$CARGO" install --quiet --locked --root target/tools "$@" "$name@$version" ||
    give_up "$name could not be installed: see above" "cargo install --locked $* $name@$version"
}

# Checks all that Cargo.lock pins. FOLDER is a clone of the RustSec advisory database, at the state that is to count;
# without it the newest is fetched from github.com.
run_audit() {
  need_rust
  need_cargo_tool cargo-deny $CARGO_DENY
  local deny=$PWD/target/tools/bin/cargo-deny config=target/audit/deny.toml
  say "Licences, sources and bans"
  "$deny" --locked --config deny.toml check licenses sources bans || give_up "cargo-deny refuses a crate: see above"
  rm -rf target/audit && mkdir -p target/audit
  # Where the database is kept is told by the configuration alone.
  sed "s|^\[advisories\]$|&\ndb-path = \"$PWD/target/audit/databases\"|" deny.toml >$config
  if [ -n "${1:-}" ]; then
    # cargo-deny reads the branch main, and shall have what FOLDER has checked out. git asks the folder for the host.
    git clone --quiet "$1" target/audit/snapshot && git -C target/audit/snapshot checkout --quiet -B main ||
      give_up "$1 is no clone of the advisory database"
    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.file://$PWD/target/audit/snapshot.insteadOf" \
      GIT_CONFIG_VALUE_0=https://github.com/rustsec/advisory-db
    say "Advisories as of $(git -C target/audit/snapshot log -1 --format='%cs (%h)')"
  else
    say "Advisories as of today"
  fi
  "$deny" --locked --config $config check advisories ||
    give_up "an advisory applies, or the database could not be had: see above" "./build.sh audit FOLDER   with a clone of github.com/rustsec/advisory-db"
}

# Changes the code of .cargo/mutants.toml, one place at a time, and runs the tests that should notice. The kernels' crate
# takes half an hour on two cores, the library's files two hours. Arguments are cargo-mutants' own.
run_mutants() {
  need_rust
  need_cargo_tool cargo-mutants $CARGO_MUTANTS
  local mutants=$PWD/target/tools/bin/cargo-mutants out=target/mutants unnoticed=0
  export CARGO CARGO_PROFILE_DEV_DEBUG=0
  mkdir -p $out
  say "Mutants of the kernels"
  CARGO_PROFILE_DEV_OPT_LEVEL=1 noticed "$mutants" mutants --package glossa-kernels --output $out/kernels "$@" -- --lib ||
    unnoticed=1
  say "Mutants of decoding, chunks and windows"
  noticed "$mutants" mutants --package glossa-ner --output $out/library "$@" -- --lib -- labels:: text::anchored text::windows || unnoticed=1
  [ $unnoticed = 0 ] || give_up "no test notices some changes" "cat $out/*/mutants.out/missed.txt"
}

# Whether the tests noticed every mutant: a test that no longer ends has noticed too.
noticed() {
  local status=0
  "$@" || status=$?
  [ $status = 0 ] || [ $status = 3 ]
}

# The version that all crates of the workspace have.
crate_version() { sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1; }

# Copies the files that git knows, as they are in the work tree, to folder $1, with the npm packages of this one.
copy_of_sources() {
  mkdir -p "$1"
  # Not the models: the browser's binaries do not hold them.
  git ls-files -z --cached -- . ':!www/models' | tar --null --files-from=- -cf - | tar -xf - -C "$1"
  ln -s "$PWD/node_modules" "$1/node_modules"
}

# The browser's binaries from two clean builds, which differ in everything that a build should not depend on: the folder
# of the sources, that of the crates, that of the compiler, and how many jobs run at once.
run_reproduce() {
  need_rust
  need_node
  local here=$PWD/target/reproduce file same=yes
  local first=$here/first second=$here/folder-of/the-second/build
  rm -rf "$here"
  say "Two clean builds of the browser's binaries (10 minutes each on two cores)"
  copy_of_sources "$first"
  copy_of_sources "$second"
  local cargo_home=${CARGO_HOME:-$HOME/.cargo} rustup_home=${RUSTUP_HOME:-$HOME/.rustup}
  "$first/build.sh" binaries
  mkdir -p "$here/other-home"
  ln -s "$cargo_home/registry" "$here/other-home/registry"
  [ ! -d "$rustup_home" ] || ln -s "$rustup_home" "$here/other-rustup"
  (
    [ ! -d "$rustup_home" ] || export RUSTUP_HOME=$here/other-rustup
    CARGO_HOME=$here/other-home CARGO_BUILD_JOBS=1 "$second/build.sh" binaries
  )
  say "What the two builds have made"
  for file in {simd,relaxed-simd}/{glossa_bg.wasm,glossa.js}; do
    cmp "$first/www/pkg/$file" "$second/www/pkg/$file" || same=no
    (cd "$first/www/pkg" && sha256sum "$file")
  done
  [ $same = yes ] || give_up "two builds of the same sources differ: see above" "compare $first with $second"
  say "The two builds are the same, byte by byte"
  rm -rf "$here"
}

# With the profile of the native tests, so that what they build for lints and for running is shared.
run_lint() {
  need_rust
  need_node
  at_least "$(node --version | tr -d v)" 20.19 || give_up "eslint and tsc need Node 20.19 or later" "node --version"
  say "Formatting"
  "$CARGO" fmt --all --check || give_up "the Rust code is not formatted" "cargo fmt --all"
  say "Lints of the JavaScript code"
  npm run --silent lint
  npm run --silent check
  say "Lock files and licences"
  CARGO=$CARGO npm run --silent supply
  say "Lints of the Rust code, for this machine and for WebAssembly (3 minutes on two cores the first time)"
  "$CARGO" clippy --release --locked --workspace --all-targets -- --deny warnings
  cargo_wasm clippy release -- --deny warnings
  # With all features, as docs.rs builds it.
  cargo_wasm clippy release --all-features -- --deny warnings
}

# Runs libFuzzer for $1 minutes on each surface, or on the surface $2, and prints a table of executions and findings. What is
# found lies in target/fuzz/found, the inputs that reached something new in target/fuzz/corpus. The instrumentation needs a
# compiler that takes unstable flags: the installed one does so with RUSTC_BOOTSTRAP.
run_fuzz() {
  local minutes=${1:-1} only=${2:-} surface binary log found table="" failed=0
  need_rust
  # libFuzzer is written in it.
  have c++ || packages "a C++ compiler" g++
  need_cargo_tool cargo-fuzz $CARGO_FUZZ
  "$CARGO" build --release --locked "${LIBRARY_AND_COMMAND[@]}" --bin glossa-fuzz || give_up "the build failed: see above"
  say "Building the targets, with libFuzzer's instrumentation (20 minutes on two cores the first time)"
  # The versions of what is shipped; cargo adds libFuzzer's.
  cp Cargo.lock fuzz/targets/Cargo.lock
  RUSTC_BOOTSTRAP=1 target/tools/bin/cargo-fuzz fuzz build --sanitizer none --fuzz-dir fuzz/targets --target-dir target/fuzz $only ||
    give_up "the build failed: see above"
  mkdir -p target/fuzz/found
  for surface in ${only:-$(target/release/glossa-fuzz list)}; do
    binary=$(find target/fuzz -path "*/release/$surface" -type f) log=target/fuzz/$surface.log
    [ -n "$binary" ] || give_up "there is no surface $surface" "target/release/glossa-fuzz list"
    say "Fuzzing $surface for $minutes minutes"
    target/release/glossa-fuzz seeds "$surface" "target/fuzz/corpus/$surface"
    found=nothing
    "$binary" -max_total_time=$((minutes * 60)) -rss_limit_mb=1024 -timeout=10 -max_len=32768 -print_final_stats=1 \
      -artifact_prefix="target/fuzz/found/$surface-" "target/fuzz/corpus/$surface" >"$log" 2>&1 || {
      found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1) failed=1
      grep -m 3 -E 'panicked at|ERROR: libFuzzer|^==' "$log" || tail -n 5 "$log"
    }
    table+=$(printf '%-14s %12s  %s' "$surface" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$found")$'\n'
  done
  say "Executions, and what was found"
  printf '%s' "$table"
  [ $failed = 0 ] || give_up "something was found" "target/release/glossa-fuzz replay SURFACE FILE"
}

# AddressSanitizer watches every access to memory of the kernels' tests.
run_sanitize() {
  need_rust
  say "The kernels under AddressSanitizer (3 minutes)"
  RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address "$CARGO" test --release --locked --package glossa-kernels --lib --tests \
    --target "$(rustc_host)" --target-dir target/sanitize --config 'profile.release.debug-assertions=true' ||
    give_up "AddressSanitizer found something: see above"
}

need_browser() {
  have chromium || have chromium-browser || have google-chrome || packages "a browser" chromium fonts-dejavu-core
}

# A second browser, and what drives it, which is of no use for anything else.
run_firefox() {
  build_page
  [ -n "${FIREFOX:-}" ] || have firefox-esr || have firefox || packages "Firefox" firefox-esr
  npm_packages tests/firefox "what drives Firefox (a minute)"
  say "The page and the module in Firefox"
  node --test --test-concurrency=1 tests/firefox/
}

# A line for each format and reader. Ends with 1 if one finds something else than was written.
run_readers() {
  local readers=tests/formats/readers files=$PWD/target/readers/files venv=target/readers/venv script found=0
  need_rust
  need_node
  at_least "$(node --version | tr -d v)" 20.19 || give_up "jsdom needs Node 20.19 or later" "node --version"
  npm_packages $readers "the readers of npm (half a minute)"
  python_packages $venv $readers/requirements.txt "the readers of PyPI (a minute)" --no-deps
  say "Writing files of each format (4 minutes on two cores the first time)"
  rm -rf "$files"
  FORMATS_FOLDER=$files "$CARGO" test --quiet --release --locked "${LIBRARY_AND_COMMAND[@]}" --test formats_writers -- \
    --ignored --exact folder::a_folder_for_other_readers || give_up "the files were not written: see above"
  say "What readers find in them"
  for script in standard_library bioc_files standoff tools; do
    $venv/bin/python -B $readers/$script.py "$files" || found=1
  done
  for script in standard-library web-annotation tables-and-pages; do
    node $readers/$script.mjs "$files" || found=1
  done
  [ $found = 0 ] || give_up "a reader finds something else than was written: see above"
}

# The Python packages, installed and tested: with Spark 3.5 nearly all, with Spark 4 and Ray some cases of each. --all adds
# the tests that are marked `full`, all of Spark's with Spark 4, and Spark Connect. The rest is pytest's.
run_wheel() {
  local tools=target/wheel/tools venv=target/wheel/venv others=target/wheel/others wheels=$PWD/target/wheels all=()
  if [ "${1:-}" = --all ]; then
    all=(--all)
    shift
  fi
  need_rust
  have java || packages "Java, which Spark needs" default-jre-headless
  python_packages $tools python/requirements.txt "what builds wheels (half a minute)"
  python_packages $venv python/tests/requirements.txt "what the tests of the Python package need (a minute)" --no-compile
  build_wheels
  # Not from the folder python: it would be imported instead of what is installed.
  say "Tests of the Python package (3 minutes)"
  install_wheels $venv
  (cd python/tests && GLOSSA_WHEELS=$wheels "../../$venv/bin/pytest" -q --ignore others "${all[@]}" "$@") ||
    give_up "a test failed: see above"
  python_packages $others python/tests/others/requirements.txt "Spark 4 and Ray (2 minutes)" --no-compile
  say "Its tests with Spark 4 and Ray"
  install_wheels $others
  (
    cd python/tests || exit
    if [ ${#all[@]} = 0 ]; then
      "../../$others/bin/pytest" -q others test_spark.py::test_rows_are_those_of_the_annotator
    else
      # Apart, since a client of Spark Connect and Spark itself do not get on in one process.
      "../../$others/bin/pytest" -q --all others &&
        "../../$others/bin/pytest" -q --all -k "not polars and not duckdb" test_spark.py test_spark_cluster.py test_guide.py
    fi
  ) || give_up "a test failed: see above"
}

# The wheels, in target/wheels. PyPI takes none that names no version of the C library, and what this machine's linker makes
# needs this machine's version. So zig links the last step, against the oldest version that it and Rust know: nothing is built
# again for that. maturin looks whether the symbols are those of the tag.
build_wheels() {
  local tools=$PWD/target/wheel/tools wheels=$PWD/target/wheels tag=pypi linker=()
  if [ "$(uname -s)" = Linux ]; then
    printf '#!/bin/sh\nexec %q zig cc -- "$@" -target %s-linux-gnu.2.17\n' "$tools/bin/maturin" "$(uname -m)" >target/wheel/linker
    chmod +x target/wheel/linker
    tag=manylinux_2_17 linker=(-- -C "linker=$PWD/target/wheel/linker")
  fi
  say "Building the wheels (2 minutes on two cores after the command line)"
  rm -rf "$wheels"
  # maturin finds zig by the Python of the path.
  PATH=$tools/bin:$PATH maturin build --quiet --release --locked --manifest-path python/Cargo.toml --out "$wheels" \
    --compatibility $tag "${linker[@]}" || give_up "the wheel was not built: see above"
  "$tools/bin/python" -m pip wheel -q --no-deps --no-build-isolation --wheel-dir "$wheels" python/models ||
    give_up "the wheel of the models was not built: see above"
}

install_wheels() { "$1/bin/python" -m pip install -q --force-reinstall --no-deps --no-index target/wheels/*.whl; }

# Ends with 1 if the text is found anywhere but in the tab.
run_egress() {
  build_page
  need_browser
  say "Someone works on the page, and the browser's network is watched (half a minute)"
  node scripts/egress.mjs "$@"
}

# The engines to compare with, from npm, and the models in their forms, made once.
need_peers() {
  npm_packages bench "the engines to compare with (a minute)"
  local venv=target/bench/venv models=target/bench/models model=www/models/cellular/model.onnx
  local python=$venv/bin/python
  python_packages $venv bench/requirements.txt "onnxruntime for Python (a minute)"
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
  need_browser
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
  lint) run_lint ;;
  firefox) run_firefox ;;
  readers) run_readers ;;
  wheel) run_wheel "${@:2}" ;;
  crate) run_crate ;;
  build) build_native && build_web ;;
  egress) run_egress "${@:2}" ;;
  bench) run_bench "${@:2}" ;;
  npm) run_npm ;;
  site) run_site ;;
  package) run_package ;;
  audit) run_audit "${2:-}" ;;
  mutants) run_mutants "${@:2}" ;;
  reproduce) run_reproduce ;;
  # For reproduce: the browser's binaries by themselves.
  binaries) build_binaries ;;
  fuzz) run_fuzz "${@:2}" ;;
  arm) run_arm ;;
  cross) run_cross ;;
  sanitize) run_sanitize ;;
  *)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
