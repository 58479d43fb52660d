"""The frameworks that a rule's ids are of."""

from pulumi_policy import PolicyComplianceFramework

FSBP = "https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html"
CIS = "https://docs.aws.amazon.com/securityhub/latest/userguide/cis-aws-foundations-benchmark.html"
CIS_EKS = "https://www.cisecurity.org/benchmark/kubernetes"
NAG = "https://github.com/cdklabs/cdk-nag/blob/main/RULES.md"
CHECKOV = "https://www.checkov.io/5.Policy%20Index/all.html"
WELL_ARCHITECTED = "https://docs.aws.amazon.com/wellarchitected/latest/framework/appendix.html"
POD_SECURITY = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"

KNOWN = {
    "FSBP ": ("AWS Foundational Security Best Practices", "1.0.0", FSBP),
    "CIS EKS ": ("CIS Amazon EKS Benchmark", "1.7.0", CIS_EKS),
    "CIS ": ("CIS AWS Foundations Benchmark", "3.0.0", CIS),
    "AwsSolutions-": ("cdk-nag AWS Solutions", "", NAG),
    "CKV_": ("Checkov", "", CHECKOV),
    "CKV2_": ("Checkov", "", CHECKOV),
    "WA ": ("AWS Well-Architected Framework", "", WELL_ARCHITECTED),
    "PSS ": ("Kubernetes Pod Security Standards", "", POD_SECURITY),
}
"""By what an id begins with: the framework, the version that the ids are of, and where they are listed."""


def compliance(id: str) -> PolicyComplianceFramework:
    """What Pulumi calls a framework: the one of an id such as "FSBP SQS.1"."""
    for prefix, (name, version, listed) in KNOWN.items():
        if id.startswith(prefix):
            return PolicyComplianceFramework(name, version or None, id.removeprefix(prefix), listed)
    raise ValueError(f"no framework has ids like '{id}'; known beginnings: {', '.join(KNOWN)}")
