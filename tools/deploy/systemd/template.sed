# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes the template of the unit: sed -f template.sed filch-worker.service >filch-worker@.service
s|^# filch-worker, configured by .*|# filch-worker@NAME: one for each configuration /etc/filch/NAME.json, in a sandbox.|
s|systemctl edit filch-worker|&@NAME|
s|^Description=.*|& %i|
s|^ExecStart=.*|& --config /etc/filch/%i.json|
s|/etc/filch/worker\.env|/etc/filch/%i.env|
