"""The settings of a process that a call from Python must leave as they were, as plain values."""

import faulthandler
import gc
import locale
import logging
import os
import random
import signal
import sys
import threading
import warnings
from pathlib import Path

# Logger levels that libraries set when they are imported are theirs.
LOGGERS = ("", "tensorflow", "absl", "mlflow", "mlflow.pyfunc", "mlflow.store", "mlflow.tracking", "mlflow.store.db.utils")
LOGGERS += ("alembic", "alembic.runtime.migration", "alembic.runtime.plugins", "optuna", "hydra", "matplotlib", "keras")


def settings():
    """Every setting by name; libraries are imported, so that what an import changes is there before and after."""
    import keras
    import matplotlib
    import mlflow
    import numpy as np
    import optuna
    import pandas as pd
    import sklearn
    import tensorflow as tf
    from hydra.core.global_hydra import GlobalHydra
    from keras.src.backend.common import global_state as state
    from tensorflow.python.eager import context
    from tensorflow.python.framework import config as framework
    from threadpoolctl import threadpool_info

    return {
        "keras interactive logging": keras.utils.is_interactive_logging_enabled(),
        "keras floatx": keras.config.floatx(),
        "keras backend": keras.config.backend(),
        "keras epsilon": keras.config.epsilon(),
        "keras image format": keras.config.image_data_format(),
        "keras policy": keras.config.dtype_policy().name,
        "keras tracebacks": keras.config.is_traceback_filtering_enabled(),
        "keras state": {name: str(value) for name, value in vars(state.GLOBAL_STATE_TRACKER).items()},
        "tensorflow seed": context.global_seed(),
        "tensorflow determinism": framework.is_op_determinism_enabled(),
        "tensorflow eager": tf.config.functions_run_eagerly(),
        "threads": sorted((one["filepath"], one["num_threads"]) for one in threadpool_info()),
        "levels": {name: logging.getLogger(name).level for name in LOGGERS},
        "handlers": [type(handler).__name__ for handler in logging.getLogger().handlers],
        "logging": logging.root.manager.disable,
        "optuna": optuna.logging.get_verbosity(),
        "warnings": [str(each) for each in warnings.filters],
        "showwarning": warnings.showwarning is warnings._showwarning_orig,
        "signals": {one.name: str(signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)},
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "random": hash(random.getstate()),
        "numpy random": hash(np.random.get_state()[1].tobytes()),
        "numpy errors": np.geterr(),
        "numpy printing": str(np.get_printoptions()),
        "environment": dict(os.environ),
        "streams": [id(sys.stdout), id(sys.stderr), id(sys.stdin)],
        "hooks": [id(sys.unraisablehook), id(threading.excepthook)],
        "path": list(sys.path),
        "folder": str(Path.cwd()),
        "locale": locale.setlocale(locale.LC_ALL),
        "garbage": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
        "faulthandler": faulthandler.is_enabled(),
        "recursion": sys.getrecursionlimit(),
        "hydra": id(GlobalHydra.instance().hydra),
        "matplotlib backend": matplotlib.get_backend(auto_select=False),
        # to read rcParams["backend"] selects one
        "matplotlib": {name: str(matplotlib.rcParams[name]) for name in matplotlib.rcParams if name != "backend"},
        "mlflow": [mlflow.get_tracking_uri(), mlflow.get_registry_uri(), mlflow.active_run()],
        "pandas": pd.get_option("mode.chained_assignment"),
        "sklearn": sklearn.get_config(),
    }


def differences(before, after):
    """Where two records differ, as lines."""
    return [f"{name}: {before[name]!r} -> {after[name]!r}" for name in before if before[name] != after[name]]
