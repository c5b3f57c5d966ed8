# For launchers: set up what is missing without a word about what is there.
STEPS=4
lock
ready() { STEP=$((STEP + 1)); }
setup_base
unlock
