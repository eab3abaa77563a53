#!/usr/bin/env python3
"""Writes the model repositories that the client tests serve.

OUTPUT/main holds what loads: element types, shapes, batching, versions, labels,
slow models. OUTPUT/broken holds what must be refused with a reason while its
neighbours are served. Both are laid out for Triton's ONNX backend. The same
packages write the same bytes.

Example: make_serving_models.py -o build/serving-models
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

import onnx_model
from test_models.entry import floats, graph, value

#: The protocol's name, ONNX's, the configuration's.
TYPES = [
    ("bool", "BOOL", "TYPE_BOOL"),
    ("uint8", "UINT8", "TYPE_UINT8"),
    ("uint16", "UINT16", "TYPE_UINT16"),
    ("uint32", "UINT32", "TYPE_UINT32"),
    ("uint64", "UINT64", "TYPE_UINT64"),
    ("int8", "INT8", "TYPE_INT8"),
    ("int16", "INT16", "TYPE_INT16"),
    ("int32", "INT32", "TYPE_INT32"),
    ("int64", "INT64", "TYPE_INT64"),
    ("fp16", "FLOAT16", "TYPE_FP16"),
    ("bf16", "BFLOAT16", "TYPE_BF16"),
    ("fp32", "FLOAT", "TYPE_FP32"),
    ("fp64", "DOUBLE", "TYPE_FP64"),
    ("bytes", "STRING", "TYPE_STRING"),
]

INT32, INT64, STRING = TensorProto.INT32, TensorProto.INT64, TensorProto.STRING
INFINITE = np.iinfo(np.int64).max

#: Multiplications of a 128 x 128 matrix that take the slow models some 50 ms.
SLOW_ROUNDS = 2000


def tensor_text(field, name, data_type, dims, *more):
    lines = "".join(f"\n  {line}" for line in more)
    dims = ", ".join(str(dim) for dim in dims)
    return f'{field} {{\n  name: "{name}"\n  data_type: {data_type}\n  dims: [{dims}]{lines}\n}}\n'


def config(*parts, name=None, platform='backend: "onnxruntime"'):
    """A config.pbtxt of these parts; without a name the folder's is meant."""
    head = [f'name: "{name}"'] if name else []
    return "\n".join([*head, platform, *(part.rstrip("\n") for part in parts)]) + "\n"


def model(made):
    return onnx_model.model(made)


def identity(onnx_type, dims):
    dtype = TensorProto.DataType.Value(onnx_type)
    return model(
        graph("identity", [("Identity", ["x"], ["y"], {})], [value("x", dtype, dims)], [value("y", dtype, dims)])
    )


def identities():
    """identity_T takes any matrix and has no configuration; configured_T takes batches of up to 8 rows."""
    for name, onnx_type, config_type in TYPES:
        yield f"identity_{name}", {"1/model.onnx": identity(onnx_type, ["N", "M"])}
        yield f"configured_{name}", {
            "1/model.onnx": identity(onnx_type, ["N", "M"]),
            "config.pbtxt": config(
                "max_batch_size: 8",
                tensor_text("input", "x", config_type, [-1]),
                tensor_text("output", "y", config_type, [-1]),
                platform='platform: "onnxruntime_onnx"',
                name=f"configured_{name}",
            ),
        }


def sum_and_difference(first, second, total, difference):
    dims = ["N", 16]
    return model(
        graph(
            "addsub",
            [("Add", [first, second], [total], {}), ("Sub", [first, second], [difference], {})],
            [value(first, INT32, dims), value(second, INT32, dims)],
            [value(total, INT32, dims), value(difference, INT32, dims)],
        )
    )


def string_sum_and_difference():
    dims = ["N", 16]
    nodes = [("Cast", [f"INPUT{index}"], [f"number{index}"], {"to": INT32}) for index in (0, 1)]
    nodes += [
        ("Add", ["number0", "number1"], ["sum"], {}),
        ("Sub", ["number0", "number1"], ["difference"], {}),
        ("Cast", ["sum"], ["OUTPUT0"], {"to": STRING}),
        ("Cast", ["difference"], ["OUTPUT1"], {"to": STRING}),
    ]
    return model(
        graph(
            "simple_string",
            nodes,
            [value(f"INPUT{index}", STRING, dims) for index in (0, 1)],
            [value(f"OUTPUT{index}", STRING, dims) for index in (0, 1)],
        )
    )


def simple_config(data_type):
    return config(
        "max_batch_size: 8",
        *[tensor_text("input", f"INPUT{index}", data_type, [16]) for index in (0, 1)],
        *[tensor_text("output", f"OUTPUT{index}", data_type, [16]) for index in (0, 1)],
    )


def examples():
    """The models that Triton's own client examples talk to, and one like them without a configuration."""
    yield "simple", {
        "1/model.onnx": sum_and_difference("INPUT0", "INPUT1", "OUTPUT0", "OUTPUT1"),
        "config.pbtxt": simple_config("TYPE_INT32"),
    }
    yield "simple_string", {"1/model.onnx": string_sum_and_difference(), "config.pbtxt": simple_config("TYPE_STRING")}
    yield "simple_identity", {
        "1/model.onnx": model(
            graph(
                "simple_identity",
                [("Identity", ["INPUT0"], ["OUTPUT0"], {})],
                [value("INPUT0", STRING, ["N", "M"])],
                [value("OUTPUT0", STRING, ["N", "M"])],
            )
        ),
        "config.pbtxt": config(
            "max_batch_size: 8",
            tensor_text("input", "INPUT0", "TYPE_STRING", [-1]),
            tensor_text("output", "OUTPUT0", "TYPE_STRING", [-1]),
        ),
    }
    yield "addsub", {"1/model.onnx": sum_and_difference("A", "B", "SUM", "DIFF")}


def one_input(name, nodes, input_dims, output_dims, initializers=(), **more):
    """x to y, both of floats."""
    return model(graph(name, nodes, [floats("x", input_dims)], [floats("y", output_dims)], initializers, **more))


def plus(number):
    return one_input(
        "plus", [("Add", ["x", "number"], ["y"], {})], ["N", 4], ["N", 4], [("number", np.float32([number]))]
    )


def versions():
    """Each version adds its number; `versions` serves the newest, `all_versions` and `two_versions` what they say."""
    numbered = {f"{number}/model.onnx": plus(number) for number in (1, 2, 3, 10)}
    tensors = [tensor_text("input", "x", "TYPE_FP32", [4]), tensor_text("output", "y", "TYPE_FP32", [4])]
    for name, policy in (("all_versions", "all { }"), ("two_versions", "specific { versions: [1, 3] }")):
        yield name, {
            **numbered,
            "config.pbtxt": config("max_batch_size: 4", *tensors, f"version_policy: {{ {policy} }}"),
        }
    yield "versions", {"1/model.onnx": plus(1), "3/model.onnx": plus(3)}


def shapes():
    scalar = [("two", np.float32(2))]
    yield "scalar", {"1/model.onnx": one_input("scalar", [("Mul", ["x", "two"], ["y"], {})], [], [], scalar)}
    yield "fixed", {"1/model.onnx": one_input("fixed", [("Identity", ["x"], ["y"], {})], [2, 3], [2, 3])}
    yield "reshaped", {
        "1/model.onnx": one_input("reshaped", [("Add", ["x", "x"], ["y"], {})], ["N"], ["N"]),
        "config.pbtxt": config(
            "max_batch_size: 8",
            tensor_text("input", "x", "TYPE_FP32", [1], "reshape: { shape: [ ] }"),
            tensor_text("output", "y", "TYPE_FP32", [1], "reshape: { shape: [ ] }"),
        ),
    }
    yield "reshaped_matrix", {
        "1/model.onnx": one_input("reshaped_matrix", [("Add", ["x", "x"], ["y"], {})], [4], [4]),
        "config.pbtxt": config(
            "max_batch_size: 0",
            tensor_text("input", "x", "TYPE_FP32", [2, 2], "reshape: { shape: [4] }"),
            tensor_text("output", "y", "TYPE_FP32", [1, 4], "reshape: { shape: [4] }"),
        ),
    }
    yield "fill", {
        "1/model.onnx": model(
            graph(
                "fill",
                [("ConstantOfShape", ["n"], ["y"], {"value": onnx_model.tensor("one", np.float32([1]))})],
                [value("n", INT64, [1])],
                [floats("y", ["M"])],
            )
        )
    }
    yield "count", {
        "1/model.onnx": model(
            graph(
                "count",
                [("Squeeze", ["n"], ["end"], {}), ("Range", ["zero", "end", "one"], ["y"], {})],
                [value("n", INT64, [1])],
                [value("y", INT64, ["M"])],
                [("zero", np.int64(0)), ("one", np.int64(1))],
            )
        )
    }


def optional_input():
    """`offset` has an initialiser: a request may leave it out."""
    return model(
        graph(
            "optional",
            [("Add", ["x", "offset"], ["y"], {})],
            [floats("x", ["N", 4]), floats("offset", [4])],
            [floats("y", ["N", 4])],
            [("offset", np.float32([10, 20, 30, 40]))],
        )
    )


def classifier():
    outputs = [floats("scores", ["N", 4]), value("counts", INT32, ["N", 4]), value("flags", TensorProto.BOOL, ["N", 4])]
    return model(
        graph(
            "classes",
            [
                ("Identity", ["x"], ["scores"], {}),
                ("Cast", ["x"], ["counts"], {"to": INT32}),
                ("Cast", ["x"], ["flags"], {"to": TensorProto.BOOL}),
            ],
            [floats("x", ["N", 4])],
            outputs,
        )
    )


def values():
    yield "optional_input", {"1/model.onnx": optional_input()}
    yield "classes", {
        "1/model.onnx": classifier(),
        "config.pbtxt": config(
            "max_batch_size: 4",
            tensor_text("input", "x", "TYPE_FP32", [4]),
            tensor_text("output", "scores", "TYPE_FP32", [4], 'label_filename: "labels.txt"'),
            tensor_text("output", "counts", "TYPE_INT32", [4]),
            tensor_text("output", "flags", "TYPE_BOOL", [4]),
        ),
        "labels.txt": b"cat\ndog\nbird\n",
    }
    yield "not_finite", {
        "1/model.onnx": model(
            graph(
                "not_finite",
                [
                    ("Div", ["x", "x"], ["nan"], {}),
                    ("Reciprocal", ["x"], ["infinity"], {}),
                    ("Neg", ["infinity"], ["minus"], {}),
                ],
                [floats("x", ["N", 1])],
                [floats(name, ["N", 1]) for name in ("nan", "infinity", "minus")],
            )
        )
    }


def hidden_batch(name, nodes, initializers=()):
    """A model whose output claims the batch as its first dimension.

    `nodes` make `rows` and `keep`, which row to keep; as `keep` depends on the
    data, nothing but a run can tell how many rows are left.
    """
    nodes = [*nodes, ("Compress", ["rows", "keep"], ["y"], {"axis": 0})]
    return one_input(name, nodes, ["N", 4], ["N", 4], initializers)


def not_batchable():
    """Models that look batchable by their signatures and are not."""
    axes0, axes1 = ("axes0", np.int64([0])), ("axes1", np.int64([1]))
    shift = [("low", np.float32([-np.inf]))]
    reduces = [
        ("ReduceSum", ["x", "axes0"], ["rows"], {"keepdims": 1}),
        ("ReduceSum", ["rows", "axes1"], ["total"], {"keepdims": 0}),
        ("GreaterOrEqual", ["total", "low"], ["keep"], {}),
    ]
    transposes = [
        ("Transpose", ["x"], ["turned"], {"perm": [1, 0]}),
        ("ReduceMax", ["x"], ["column"], {"axes": [0], "keepdims": 0}),
        ("GreaterOrEqual", ["column", "low"], ["keep"], {}),
        ("Pad", ["turned", "no_pads"], ["rows"], {}),
    ]
    drops = [
        ("ReduceSum", ["x", "axes1"], ["row_sums"], {"keepdims": 0}),
        ("Identity", ["x"], ["rows"], {}),
        ("GreaterOrEqual", ["row_sums", "low"], ["every"], {}),
        ("Cast", ["every"], ["ones"], {"to": INT64}),
        ("CumSum", ["ones", "first_axis"], ["position"], {}),
        ("Greater", ["position", "one"], ["keep"], {}),
    ]
    models = {
        "reduces_batch": hidden_batch("reduces", reduces, [axes0, axes1, *shift]),
        "drops_first": hidden_batch("drops", drops, [axes1, ("first_axis", np.int64(0)), ("one", np.int64(1)), *shift]),
        "transposes_batch": one_input(
            "transposes",
            [*transposes, ("Compress", ["rows", "keep"], ["y"], {"axis": 0})],
            ["N", "M"],
            ["N", "M"],
            [("no_pads", np.int64([0, 0, 0, 0])), *shift],
        ),
    }
    batching = "dynamic_batching { max_queue_delay_microseconds: 100000 preferred_batch_size: [4] }"
    for name, made in models.items():
        dims = [-1] if name == "transposes_batch" else [4]
        yield name, {
            "1/model.onnx": made,
            "config.pbtxt": config(
                "max_batch_size: 8",
                tensor_text("input", "x", "TYPE_FP32", dims),
                tensor_text("output", "y", "TYPE_FP32", dims),
                batching,
            ),
        }
        yield f"plain_{name}", {"1/model.onnx": made}


def loop_body():
    """One round: the state times a matrix."""
    nodes = [
        ("Identity", ["condition_in"], ["condition_out"], {}),
        ("MatMul", ["state_in", "matrix"], ["state_out"], {}),
    ]
    return graph(
        "body",
        nodes,
        [value("round", INT64, []), value("condition_in", TensorProto.BOOL, []), floats("state_in", [128, 128])],
        [value("condition_out", TensorProto.BOOL, []), floats("state_out", [128, 128])],
    )


def looping(rounds_input, input_dims):
    """y = x, after as many rounds as `rounds_input` says: the input "rounds", SLOW_ROUNDS, or no end at all.

    The rounds start from the input, so that they cannot be done once at load.
    """
    matrix = np.eye(128, dtype=np.float32)
    nodes = [
        ("ReduceMin", ["x"], ["smallest"], {"keepdims": 0}),
        ("Mul", ["smallest", "zero"], ["nothing"], {}),
        ("Add", ["matrix", "nothing"], ["state"], {}),
        ("Loop", [rounds_input, "always", "state"], ["result"], {"body": loop_body()}),
        ("ReduceSum", ["result"], ["sum"], {"keepdims": 0}),
        ("Mul", ["sum", "zero"], ["delay"], {}),
        ("Add", ["x", "delay"], ["y"], {}),
    ]
    initializers = [("matrix", matrix), ("zero", np.float32(0)), ("always", np.bool_(True))]
    inputs = [floats("x", input_dims)]
    if rounds_input == "rounds":
        inputs.append(value("rounds", INT64, [1]))
    elif rounds_input:
        initializers.append((rounds_input, np.int64(SLOW_ROUNDS)))
    return model(graph("looping", nodes, inputs, [floats("y", input_dims)], initializers))


def slow():
    """`slow` takes as many rounds as it is told; the others always SLOW_ROUNDS, or for ever."""
    yield "slow", {"1/model.onnx": looping("rounds", [1])}
    yield "endless", {"1/model.onnx": looping("", [1])}
    rows = [tensor_text("input", "x", "TYPE_FP32", [4]), tensor_text("output", "y", "TYPE_FP32", [4])]
    one_slot = "instance_group [ { count: 1 kind: KIND_CPU } ]"
    steady = looping("fixed", ["N", 4])
    yield "queued", {
        "1/model.onnx": steady,
        "config.pbtxt": config(
            "max_batch_size: 1", *rows, one_slot, "dynamic_batching { default_queue_policy { max_queue_size: 2 } }"
        ),
    }
    yield "timed", {
        "1/model.onnx": steady,
        "config.pbtxt": config(
            "max_batch_size: 1",
            *rows,
            one_slot,
            "dynamic_batching {\n  default_queue_policy {\n    timeout_action: REJECT\n"
            "    default_timeout_microseconds: 10000000\n    allow_timeout_override: true\n  }\n}",
        ),
    }
    yield "prioritised", {
        "1/model.onnx": steady,
        "config.pbtxt": config(
            "max_batch_size: 1",
            *rows,
            one_slot,
            "dynamic_batching {\n  priority_levels: 3\n  default_priority_level: 2\n"
            "  priority_queue_policy { key: 3 value { max_queue_size: 1 } }\n}",
        ),
    }
    yield "batched", {
        "1/model.onnx": steady,
        "config.pbtxt": config(
            "max_batch_size: 8",
            *rows,
            one_slot,
            "dynamic_batching {\n  preferred_batch_size: [4, 8]\n  max_queue_delay_microseconds: 200000\n"
            "  preserve_ordering: true\n}",
        ),
    }


def main_repository():
    sources = (identities, examples, versions, shapes, values, not_batchable, slow)
    return {name: files for source in sources for name, files in source()}


def giant_constant():
    """Folded at load this takes 4 TB."""
    nodes = [
        ("ConstantOfShape", ["dims"], ["giant"], {"value": onnx_model.tensor("one", np.float32([1]))}),
        ("ReduceSum", ["giant"], ["sum"], {"keepdims": 0}),
        ("Add", ["x", "sum"], ["y"], {}),
    ]
    return one_input("giant", nodes, ["N", 4], ["N", 4], [("dims", np.int64([1 << 20, 1 << 20]))])


def broken_repository():
    good = plus(1)
    tensors = [tensor_text("input", "x", "TYPE_FP32", [4]), tensor_text("output", "y", "TYPE_FP32", [4])]

    def configured(*parts, **fields):
        return {"1/model.onnx": good, "config.pbtxt": config(*parts, **fields)}

    step = 'ensemble_scheduling { step [ { model_name: "good" model_version: -1 } ] }'
    return {
        "good": {"1/model.onnx": good},
        "garbage": {"1/model.onnx": bytes(range(256)) * 4},
        "empty_file": {"1/model.onnx": b""},
        "no_version": {"labels.txt": b"cat\n"},
        "bad_config": {"1/model.onnx": good, "config.pbtxt": b"max_batch_size: [ { oops\n"},
        "unknown_field": configured("max_batch_size: 4", "no_such_field: 7"),
        "other_platform": configured(*tensors, platform='platform: "tensorflow_savedmodel"'),
        "other_backend": configured(*tensors, platform='backend: "pytorch"'),
        "other_name": configured(*tensors, name="something_else"),
        "ensemble": configured(*tensors, step, platform='platform: "ensemble"'),
        "sequence": configured("max_batch_size: 4", *tensors, "sequence_batching { direct { } }"),
        "decoupled": configured("max_batch_size: 4", *tensors, "model_transaction_policy { decoupled: true }"),
        "ragged": configured(
            "max_batch_size: 4", tensor_text("input", "x", "TYPE_FP32", [-1], "allow_ragged_batch: true"), tensors[1]
        ),
        "wrong_type": configured("max_batch_size: 4", tensor_text("input", "x", "TYPE_INT32", [4]), tensors[1]),
        "wrong_rank": configured("max_batch_size: 4", tensor_text("input", "x", "TYPE_FP32", [4, 4]), tensors[1]),
        "wrong_input": configured("max_batch_size: 4", tensor_text("input", "z", "TYPE_FP32", [4]), tensors[1]),
        "label_escape": configured(
            "max_batch_size: 4",
            tensors[0],
            tensor_text("output", "y", "TYPE_FP32", [4], 'label_filename: "../../../../etc/passwd"'),
        ),
        "giant_constant": {"1/model.onnx": giant_constant()},
        "endless_warmup": {
            "1/model.onnx": looping("", [1]),
            "config.pbtxt": config(
                'model_warmup [ { name: "zero" inputs { key: "x" value '
                "{ data_type: TYPE_FP32 dims: [1] zero_data: true } } } ]"
            ),
        },
    }


def contents(data):
    if isinstance(data, (bytes, str)):
        return data.encode() if isinstance(data, str) else data
    return data.SerializeToString(deterministic=True)


def write(folder, repository):
    """Writes every file; returns how many models and bytes."""
    written = 0
    for name, files in repository.items():
        for path, data in files.items():
            data = contents(data)
            onnx_model.write_bytes(folder / name / path, data)
            written += len(data)
    return len(repository), written


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR", help="where to write them")
    options = parser.parse_args()
    for name, repository in (("main", main_repository()), ("broken", broken_repository())):
        models, size = write(options.output / name, repository)
        print(f"{options.output / name}: {models} models, {size / 1024:.0f} KB")


if __name__ == "__main__":
    sys.exit(main())
