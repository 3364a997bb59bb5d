"""A pipeline from bucket to bucket, by the built program, in its sandbox."""

import json
import os
import subprocess
import unittest

from harness import ROOT
from s3_servers import HAVE_TOOLS, KEYS, MISSING, ServedCase
from test_s3_source import GOOD

PENSTOCK = os.path.join(ROOT, ".build", "debug", "penstock")


def action(category, bucket, configuration, **artifacts):
    name = "S3Bucket" if category == "Source" else "BucketName"
    identity = {"category": category, "owner": "AWS", "provider": "S3", "version": "1"}
    return {
        "name": category,
        "actions": [
            {
                "name": "Act",
                "namespace": category,
                "actionTypeId": identity,
                "configuration": {name: bucket, **configuration},
                **artifacts,
            }
        ],
    }


@unittest.skipUnless(HAVE_TOOLS, MISSING)
@unittest.skipUnless(os.path.exists(PENSTOCK), "needs the program: swift build")
class Pipeline(ServedCase):
    def run_pipeline(self, secret):
        definition = {
            "pipeline": {
                "name": "buckets",
                "pipelineType": "V2",
                "roleArn": "arn:aws:iam::123456789012:role/none",
                "artifactStore": {"type": "S3", "location": "none"},
                "stages": [
                    action("Source", "shop", {"S3ObjectKey": "a/app.zip"}, outputArtifacts=[{"name": "App"}]),
                    action(
                        "Deploy",
                        "site",
                        {"Extract": "true", "ObjectKey": "#{Source.VersionId}"},
                        inputArtifacts=[{"name": "App"}],
                    ),
                ],
            }
        }
        entry = {
            "endpoint": self.moto.url,
            "accessKeyId": KEYS["accessKeyId"],
            "secretAccessKey": {"secret": "s3-key"},
            "attempts": 2,
        }
        settings = {
            "S3": {"buckets": {"shop": entry, "site": {**entry, "bucket": "acme-site"}}},
            "secrets": {"s3-key": {"file": self.write(self.base, "key", content=secret)}},
        }
        file = self.write(self.base, "pipeline.json", content=json.dumps(definition))
        return subprocess.run(
            [
                PENSTOCK,
                "run",
                file,
                "--state",
                os.path.join(self.base, "state"),
                "--sandbox",
                "bubblewrap",
                "--settings",
                self.write(self.base, "settings.yaml", content=json.dumps(settings)),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def test_an_object_goes_through_a_pipeline_into_another_bucket(self):
        self.versions.create_bucket(Bucket="acme-site")
        version = self.versions.put_object(Bucket="shop", Key="a/app.zip", Body=GOOD)["VersionId"]
        done = self.run_pipeline(KEYS["secretAccessKey"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = self.versions.list_objects_v2(Bucket="acme-site", Prefix=version)["Contents"]
        self.assertEqual(
            sorted(entry["Key"] for entry in found),
            sorted(f"{version}/{path}" for path in ("hello.txt", "bin/run me", "bin/link", "ünï/🙂.txt", "zero")),
        )
        self.assertNotIn(KEYS["secretAccessKey"], done.stdout + done.stderr)

    def test_a_missing_object_fails_the_pipeline_and_names_it(self):
        self.versions.delete_object(Bucket="shop", Key="a/app.zip")
        done = self.run_pipeline(KEYS["secretAccessKey"])
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("s3://shop/a/app.zip", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
