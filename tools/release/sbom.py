#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""sbom.py VERSION TARBALL: prints a software bill of materials, as JSON of SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/).

The tarball holds Filch alone. The libraries that its parts link are separate packages, which the rows below name."""
import datetime
import hashlib
import json
import os
import sys
from pathlib import Path

# Library, its licence, its project, and the part of Filch that links it: the core needs all of its rows, the others are optional.
LIBRARIES = [
    ("liburcu", "LGPL-2.1-or-later", "https://liburcu.org", "core"),
    ("hwloc", "BSD-3-Clause", "https://www.open-mpi.org/projects/hwloc/", "core"),
    ("jansson", "MIT", "https://github.com/akheron/jansson", "service, tools"),
    ("libmicrohttpd", "LGPL-2.1-or-later", "https://www.gnu.org/software/libmicrohttpd/", "service"),
    ("curl", "curl", "https://curl.se", "service"),
    ("openssl", "Apache-2.0", "https://www.openssl.org", "service"),
    ("sqlite", "blessing", "https://sqlite.org", "broker sqlite"),
    ("libpq", "PostgreSQL", "https://www.postgresql.org", "broker postgresql"),
    ("hiredis", "BSD-3-Clause", "https://github.com/redis/hiredis", "broker redis"),
    ("rabbitmq-c", "MIT", "https://github.com/alanxz/rabbitmq-c", "broker rabbitmq"),
    ("cnats", "Apache-2.0", "https://github.com/nats-io/nats.c", "broker nats"),
    ("librdkafka", "BSD-2-Clause", "https://github.com/confluentinc/librdkafka", "broker kafka"),
    ("qpid-proton", "Apache-2.0", "https://qpid.apache.org/proton/", "broker servicebus"),
    ("ncurses", "X11", "https://invisible-island.net/ncurses/", "tools"),
    ("elfutils", "LGPL-3.0-or-later OR GPL-2.0-or-later", "https://sourceware.org/elfutils/", "tools"),
]
OWN = "MIT OR Apache-2.0"


def package(name, version, licence, home, **more):
    return {
        "SPDXID": f"SPDXRef-Package-{name}", "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION", "homepage": home,
        "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": licence, "copyrightText": "NOASSERTION", **more,
    }


def relation(one, kind, other, comment=None):
    row = {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
    return {**row, "comment": comment} if comment else row


def main():
    version, tarball = sys.argv[1], Path(sys.argv[2])
    sum256 = hashlib.sha256(tarball.read_bytes()).hexdigest()
    made = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    own = package("filch", version, OWN, "NOASSERTION", packageFileName=tarball.name, primaryPackagePurpose="LIBRARY",
                  checksums=[{"algorithm": "SHA256", "checksumValue": sum256}])
    others = [package(name, "NOASSERTION", licence, home) for name, licence, home, _ in LIBRARIES]
    for other in others:
        del other["versionInfo"]  # the machine that builds has its own
    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"])]
    for name, _, _, part in LIBRARIES:
        if part == "core":
            relations.append(relation(own["SPDXID"], "DEPENDS_ON", f"SPDXRef-Package-{name}"))
        else:
            relations.append(relation(f"SPDXRef-Package-{name}", "OPTIONAL_DEPENDENCY_OF", own["SPDXID"], part))
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"filch-{version}",
        "documentNamespace": f"urn:filch:sbom:{version}:{sum256}",
        "creationInfo": {"created": f"{made:%Y-%m-%dT%H:%M:%SZ}", "creators": ["Tool: tools/release/sbom.py"]},
        "packages": [own, *others], "relationships": relations,
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
