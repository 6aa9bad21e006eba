"""What KMS encrypts under a symmetric key: AES-256 in Galois/Counter Mode, with the EncryptionContext authenticated.

A blob is the key's id (36 bytes), a nonce (16), and the ciphertext with its tag (16): so Decrypt needs no KeyId, and
IAM is asked about the right key. Source: the KMS developer guide, "Encryption context" and "Cryptographic details"; the
errors are those of botocore's model.
"""

import base64
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .ministack import kms, responses

_encrypt_otherwise = kms._encrypt
_decrypt_otherwise = kms._decrypt
_pair = kms._generate_data_key_pair_common
_ID, _NONCE = 36, 16
_LENGTHS = {"AES_128": 16, "AES_256": 32}


def seal(key: dict[str, Any], plaintext: bytes, context: dict[str, str]) -> bytes:
    """The blob of `plaintext` under a symmetric key."""
    nonce = os.urandom(_NONCE)
    return key["KeyId"].encode() + nonce + AESGCM(key["_symmetric_key"]).encrypt(nonce, plaintext, _bound(key, context))


def unseal(key: dict[str, Any], blob: bytes, context: dict[str, str]) -> bytes:
    """What `seal` was given. Raises InvalidTag if the blob or the context is not what it was."""
    nonce, rest = blob[_ID : _ID + _NONCE], blob[_ID + _NONCE :]
    return AESGCM(key["_symmetric_key"]).decrypt(nonce, rest, _bound(key, context))


def _bound(key: dict[str, Any], context: dict[str, str]) -> bytes:
    return key["KeyId"].encode() + json.dumps(context, sort_keys=True).encode()


def encrypt(data: dict[str, Any]) -> Any:
    """Encrypt under a symmetric key; the base does asymmetric ones, and refuses what can not be."""
    key = kms._resolve_key(data.get("KeyId", ""))
    if not key or "_symmetric_key" not in key or kms._check_key_state(key):
        return _encrypt_otherwise(data)
    blob = seal(key, base64.b64decode(data.get("Plaintext", "")), data.get("EncryptionContext", {}))
    return responses.json_response(
        {"KeyId": key["Arn"], "CiphertextBlob": _text(blob), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    )


def decrypt(data: dict[str, Any]) -> Any:
    """Decrypt under the symmetric key that the blob names; the base does asymmetric keys."""
    blob = base64.b64decode(data.get("CiphertextBlob", ""))
    named = kms._resolve_key(data.get("KeyId", ""))
    key = kms._resolve_key(blob[:_ID].decode("utf-8", errors="ignore"))
    if (named and "_symmetric_key" not in named) or (data.get("KeyId") and not named):
        return _decrypt_otherwise(data)
    if not key or "_symmetric_key" not in key:
        return _invalid()
    if named and named is not key:
        return responses.error_response_json(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
            400,
        )
    if fault := kms._check_key_state(key):
        return fault
    try:
        plaintext = unseal(key, blob, data.get("EncryptionContext", {}))
    except (InvalidTag, ValueError):
        return _invalid()
    answer = {"KeyId": key["Arn"], "Plaintext": _text(plaintext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    if "Recipient" not in data:
        answer["KeyMaterialId"] = kms._key_material_id(key)
    return responses.json_response(answer)


def data_key(data: dict[str, Any], action: str = "GenerateDataKey") -> tuple[Any, Any, Any]:
    """(key, data key, its blob) for GenerateDataKey; (None, None, error) if the key can not make one."""
    named = data.get("KeyId", "")
    key = kms._resolve_key(named)
    if not key:
        return None, None, responses.error_response_json("NotFoundException", f"Key {named} not found", 400)
    if fault := kms._check_key_state(key) or kms._reject_hmac_key(key, action):
        return None, None, fault
    if "_symmetric_key" not in key:
        fault = responses.error_response_json(
            "InvalidKeyUsageException",
            f"{key['Arn']} key usage is {key['KeyUsage']} which is not valid for {action}.",
            400,
        )
        return None, None, fault
    made = os.urandom(data.get("NumberOfBytes") or _LENGTHS[data.get("KeySpec", "AES_256")])
    return key, made, seal(key, made, data.get("EncryptionContext", {}))


def data_key_pair(data: dict[str, Any], action: str) -> tuple[Any, Any, Any]:
    """The base's (answer, private key, error) for GenerateDataKeyPair, with the private key in a blob of ours."""
    answer, private, fault = _pair(data, action)
    if answer:
        blob = seal(kms._resolve_key(data["KeyId"]), private, data.get("EncryptionContext", {}))
        answer["PrivateKeyCiphertextBlob"] = _text(blob)
    return answer, private, fault


def _invalid() -> Any:
    return responses.error_response_json("InvalidCiphertextException", "", 400)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
