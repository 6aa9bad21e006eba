"""KMS under a symmetric key, through boto3: what a blob keeps, and what opens it."""

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import load_der_private_key

CONTEXT = {"purpose": "model", "team": "fraud"}


@pytest.fixture(scope="module")
def kms(cloud):
    return cloud.client("kms")


@pytest.fixture(scope="module")
def key(kms):
    return kms.create_key()["KeyMetadata"]["Arn"]


def refusal(call, **parameters):
    with pytest.raises(ClientError) as failure:
        call(**parameters)
    return failure.value.response["Error"]["Code"]


def test_what_is_encrypted_comes_back_under_the_key_that_the_blob_names(kms, key):
    for plaintext in (b"1", b"x" * 4096):
        blob = kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
        assert plaintext[:64] not in blob[36:] or len(plaintext) == 1
        found = kms.decrypt(CiphertextBlob=blob)
        assert (found["Plaintext"], found["KeyId"]) == (plaintext, key)
        assert kms.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == plaintext
    twice = [kms.encrypt(KeyId=key, Plaintext=b"same")["CiphertextBlob"] for _ in range(2)]
    assert twice[0] != twice[1]


def test_the_context_must_be_the_same_in_any_order(kms, key):
    blob = kms.encrypt(KeyId=key, Plaintext=b"weights", EncryptionContext=CONTEXT)["CiphertextBlob"]
    turned = dict(reversed(CONTEXT.items()))
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=turned)["Plaintext"] == b"weights"
    for wrong in ({}, {"purpose": "model"}, {**CONTEXT, "team": "claims"}):
        assert refusal(kms.decrypt, CiphertextBlob=blob, EncryptionContext=wrong) == "InvalidCiphertextException"


def test_encrypt_and_decrypt_probe_a_changed_blob_opens_no_more(kms, key):
    """The base's blob is an exclusive or: one flipped bit of it is one flipped bit of the answer."""
    blob = kms.encrypt(KeyId=key, Plaintext=b"amount=1")["CiphertextBlob"]
    for place in (40, 55, len(blob) - 1):
        changed = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        assert refusal(kms.decrypt, CiphertextBlob=changed) == "InvalidCiphertextException"
    for nonsense in (blob[:60], b"nonsense" * 20):
        assert refusal(kms.decrypt, CiphertextBlob=nonsense) == "InvalidCiphertextException"


def test_another_key_does_not_open_it(kms, key):
    other = kms.create_key()["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"weights")["CiphertextBlob"]
    assert refusal(kms.decrypt, CiphertextBlob=blob, KeyId=other) == "IncorrectKeyException"
    named = other.rsplit("/", 1)[-1].encode() + blob[36:]  # the other's id on this one's blob
    assert refusal(kms.decrypt, CiphertextBlob=named) == "InvalidCiphertextException"
    kms.disable_key(KeyId=other)
    assert refusal(kms.encrypt, KeyId=other, Plaintext=b"1") == "DisabledException"
    assert refusal(kms.generate_data_key, KeyId=other, KeySpec="AES_256") == "DisabledException"


def test_generate_data_key_common_probe_its_blob_is_sealed_like_any_other(kms, key):
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_128", EncryptionContext=CONTEXT)
    assert len(made["Plaintext"]) == 16
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)
    assert opened["Plaintext"] == made["Plaintext"]
    assert refusal(kms.decrypt, CiphertextBlob=made["CiphertextBlob"]) == "InvalidCiphertextException"
    silent = kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=24)
    assert "Plaintext" not in silent
    assert len(kms.decrypt(CiphertextBlob=silent["CiphertextBlob"])["Plaintext"]) == 24


def test_generate_data_key_pair_common_probe_the_private_key_is_sealed_too(kms, key):
    made = kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256", EncryptionContext=CONTEXT)
    opened = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"], EncryptionContext=CONTEXT)["Plaintext"]
    assert opened == made["PrivateKeyPlaintext"]
    assert load_der_private_key(opened, None).key_size == 256
    assert refusal(kms.decrypt, CiphertextBlob=made["PrivateKeyCiphertextBlob"]) == "InvalidCiphertextException"


def test_a_key_that_can_not_make_data_keys_says_so(kms):
    pair = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    assert refusal(kms.generate_data_key, KeyId=pair, KeySpec="AES_256") == "InvalidKeyUsageException"
    blob = kms.encrypt(KeyId=pair, Plaintext=b"1", EncryptionAlgorithm="RSAES_OAEP_SHA_256")["CiphertextBlob"]
    opened = kms.decrypt(KeyId=pair, CiphertextBlob=blob, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert opened["Plaintext"] == b"1"
