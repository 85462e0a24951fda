#!/bin/sh
# Runs on each VM when it boots.
echo "builder $(hostname) is up"
