# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes the default configuration from `filch-worker --help=markdown`: each key as a variable without a value.
1i\
# Variables of filch-worker.service. An empty one, but the broker's, has the default. filch-worker --check-config checks them.\
# Secrets go into files of root that systemd passes: systemctl edit filch-worker, LoadCredential=.
s/^\| `([a-z-]+)` \| ([^|]*) \| ([^|]*) \| [^|]* \| [^|]* \| [^|]* \| ([^|]*) \|$/\n# \4\n# \2; default: \3\n#FILCH_SERVICE_\U\1=/
T
:name
s/(FILCH_SERVICE_[A-Z_]*)-/\1_/
t name
p
