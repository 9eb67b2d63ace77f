# Where the tools of .ci/run and .ci/release lie, and how they get there. To be sourced.
tools="${DATIL_TOOLS:-$HOME/.cache/datil-tools}"

# debian_packages NAME…: installs packages of Debian.
debian_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -y -q --no-install-recommends "$@"
}

# cargo_tool NAME VERSION: a program from crates.io, in this very version.
cargo_tool() {
    if [ ! -x "$tools/bin/$1" ] || ! grep -qx "$2" "$tools/$1.version" 2>/dev/null; then
        cargo install "$1" --version "$2" --locked --root "$tools" --quiet
        echo "$2" >"$tools/$1.version"
    fi
}

# python_tools: the environment $tools/python with what .ci/requirements.txt lists, made anew when the list changes.
python_tools() {
    if ! cmp -s .ci/requirements.txt "$tools/python/requirements.txt"; then
        python3 -m venv --clear "$tools/python"
        "$tools/python/bin/pip" install --quiet --disable-pip-version-check -r .ci/requirements.txt
        cp .ci/requirements.txt "$tools/python/requirements.txt"
    fi
}
