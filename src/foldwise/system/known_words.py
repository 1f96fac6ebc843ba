"""The word that was probably meant: by its signs, by what other libraries call it, or by its letters."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# How people and other libraries call a word, without case and signs -> ours. A remark may follow a colon.
SYNONYMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("sensitivity", "tpr", "truepositiverate", "hitrate"), ("recall",)),
    **dict.fromkeys(("tnr", "truenegativerate", "selectivity"), ("specificity",)),
    **dict.fromkeys(("ppv", "positivepredictivevalue"), ("precision",)),
    **dict.fromkeys(("acc", "valacc", "categoricalaccuracy", "binaryaccuracy", "accuracyscore"), ("accuracy",)),
    **dict.fromkeys(("bacc", "balancedacc", "balacc", "bac"), ("balanced_accuracy",)),
    **dict.fromkeys(("auc", "roc", "auroc", "aucroc", "valauc", "rocaucscore", "areaundercurve"), ("roc_auc",)),
    **dict.fromkeys(("prc", "aucpr", "aupr", "auprc", "averageprecision", "ap"), ("pr_auc",)),
    **dict.fromkeys(
        ("f1score", "fscore", "fmeasure", "f1measure", "f1macro", "macrof1", "f1micro", "f1weighted", "dice", "f"), ("f1",)
    ),
    **dict.fromkeys(("matthews", "matthewscorrcoef", "phi"), ("mcc",)),
    **dict.fromkeys(
        ("crossentropy", "xent", "ce", "logloss", "nll", "neglogloss", "sparsecategoricalcrossentropy", "logisticloss"),
        ("log_loss", "auto: the cross-entropy of the task"),
    ),
    **dict.fromkeys(("bce", "binaryce"), ("binary_crossentropy", "log_loss")),
    **dict.fromkeys(("cce", "softmaxcrossentropy"), ("categorical_crossentropy", "log_loss")),
    **dict.fromkeys(("focal", "focalloss"), ("binary_focal", "categorical_focal")),
    **dict.fromkeys(("kld", "kl", "kullbackleibler", "kldiv"), ("kl_divergence",)),
    **dict.fromkeys(("meansquarederror", "negmeansquarederror", "squarederror", "l2loss", "mseloss"), ("mse",)),
    **dict.fromkeys(("rootmeansquarederror", "negrootmeansquarederror", "rmsd"), ("rmse",)),
    **dict.fromkeys(("meanabsoluteerror", "negmeanabsoluteerror", "absoluteerror", "l1loss"), ("mae",)),
    **dict.fromkeys(("meanabsolutepercentageerror",), ("mape",)),
    **dict.fromkeys(("meansquaredlogarithmicerror",), ("msle",)),
    **dict.fromkeys(("rsquared", "r2score", "rsq", "coefficientofdetermination"), ("r2",)),
    **dict.fromkeys(("params", "weights", "numparams", "size"), ("parameters", "class_weight")),
    **dict.fromkeys(("latency", "speed", "ms"), ("latency_ms",)),
    **dict.fromkeys(("lr", "alpha", "eta"), ("learning_rate",)),
    **dict.fromkeys(("wd",), ("weight_decay",)),
    **dict.fromkeys(("gd", "gradientdescent", "stochasticgradientdescent", "momentum", "sgdmomentum", "nesterov"), ("sgd",)),
    **dict.fromkeys(("decay", "timedecay", "inversetime", "inversetimedecay"), ("time_based",)),
    **dict.fromkeys(("step", "steplr", "stepdecay", "staircase", "multistep", "stepwise"), ("drop",)),
    **dict.fromkeys(("exp", "exponentialdecay", "exponentiallr"), ("exponential",)),
    **dict.fromkeys(("poly", "linear", "lineardecay", "polynomialdecay"), ("polynomial",)),
    **dict.fromkeys(("cosineannealing", "cosinedecay", "cos", "cosineannealinglr"), ("cosine",)),
    **dict.fromkeys(("reducelronplateau", "reduceonplateau"), ("plateau",)),
    **dict.fromkeys(("1cycle", "onecyclelr", "triangular"), ("one_cycle",)),
    **dict.fromkeys(("coslog4", "coslog"), ("coslog4", "coslog")),
    **dict.fromkeys(("fixed",), ("constant",)),
    **dict.fromkeys(("zscore", "standardize", "standardise", "standardscaler", "std"), ("standard",)),
    **dict.fromkeys(("minmaxscaler", "normalize", "normalise"), ("minmax",)),
    **dict.fromkeys(("robustsmoothclip", "smoothclip", "robustscalesmoothclip"), ("robust_clip",)),
    **dict.fromkeys(("maxabs", "maxabsscaler"), ("max",)),
    **dict.fromkeys(("power", "powertransformer"), ("yeo_johnson",)),
    **dict.fromkeys(("avg", "average"), ("mean",)),
    **dict.fromkeys(("mode", "frequent"), ("most_frequent",)),
    **dict.fromkeys(("zero", "zeros"), ("constant",)),
    **dict.fromkeys(("silu",), ("swish",)),
    **dict.fromkeys(("logistic",), ("sigmoid",)),
    **dict.fromkeys(("hgb", "histgradientboosting", "gradientboosting", "gbm", "gbdt", "trees", "randomforest"), ("boosting",)),
    **dict.fromkeys(("lgbm", "lgb", "lightgbmclassifier"), ("lightgbm",)),
    **dict.fromkeys(("xgb", "xgbclassifier"), ("xgboost",)),
    **dict.fromkeys(("identity",), ("linear",)),
    **dict.fromkeys(("multi", "multilabel", "multinomial", "multiclassclassification"), ("multiclass",)),
    **dict.fromkeys(("binaryclassification", "binomial", "twoclass"), ("binary",)),
    **dict.fromkeys(("classification", "classifier", "classify", "categorical"), ("binary", "multiclass", "category")),
    **dict.fromkeys(("regressor", "regress", "reg", "continuous"), ("regression", "number")),
    **dict.fromkeys(("numeric", "numerical", "float", "int", "integer"), ("number", "regression")),
    **dict.fromkeys(("cat", "nominal", "factor", "enum"), ("category",)),
    **dict.fromkeys(("datetime", "timestamp"), ("date",)),
    **dict.fromkeys(("string", "str", "freetext"), ("text",)),
    **dict.fromkeys(("id", "key", "ignore"), ("identifier",)),
    **dict.fromkeys(("group", "groupkfold", "groups"), ("grouped",)),
    **dict.fromkeys(("time", "timeseries", "timeseriessplit", "temporal", "rolling"), ("time_based", "forward")),
    **dict.fromkeys(("holdout", "single", "traintest", "traintestsplit"), ("split",)),
    **dict.fromkeys(("cv", "crossvalidation", "shuffle"), ("kfold",)),
    **dict.fromkeys(("random", "shuffled"), ("hash",)),
    **dict.fromkeys(("nn", "dnn", "ann", "dense", "neuralnetwork", "feedforward", "fullyconnected", "perceptron"), ("mlp",)),
    **dict.fromkeys(("conv", "convnet", "convolutional", "conv2d"), ("cnn",)),
    **dict.fromkeys(("segnet", "fcn", "autoencoder", "encoderdecoder"), ("unet",)),
    **dict.fromkeys(("iou", "jaccard", "miou", "jaccardindex", "intersectionoverunion"), ("mean_iou",)),
    **dict.fromkeys(("dicescore", "dicecoefficient", "dsc", "diceloss"), ("dice",)),
    **dict.fromkeys(("semantic", "semanticsegmentation", "pixels", "masks"), ("segmentation",)),
    **dict.fromkeys(("residual", "resnet18", "resnet20", "resnetv2"), ("resnet",)),
    **dict.fromkeys(("pretrained", "transfer", "applications", "mobilenet", "efficientnet"), ("backbone",)),
    **dict.fromkeys(("sequential", "custom"), ("layers",)),
    **dict.fromkeys(("bayes", "bayesian", "bayesianoptimization", "optuna", "tpesampler"), ("tpe",)),
    **dict.fromkeys(("randomsearch",), ("random",)),
    **dict.fromkeys(("gridsearch", "exhaustive"), ("grid",)),
    **dict.fromkeys(("genetic", "evolution", "nsgaii"), ("nsga2",)),
    **dict.fromkeys(("gaussianprocess", "gaussian"), ("gp",)),
    **dict.fromkeys(("hyperband",), ("kt_hyperband", "epochs")),
    **dict.fromkeys(
        ("asha", "sha", "halving", "successivehalving", "median", "medianpruner", "pruner", "true", "yes"), ("epochs",)
    ),
    **dict.fromkeys(("off", "false", "no"), ("none",)),
    **dict.fromkeys(("local", "thread", "threads", "inprocess", "single"), ("here", "split")),
    **dict.fromkeys(("process", "processes", "distributed", "cluster", "parallel"), ("dask",)),
    **dict.fromkeys(("memory", "none", "nothing"), ("in_memory",)),
    **dict.fromkeys(("upsample", "over", "randomoversampler"), ("oversample",)),
    **dict.fromkeys(("downsample", "under", "randomundersampler"), ("undersample",)),
    **dict.fromkeys(("tsv", "txt", "table"), ("csv",)),
    **dict.fromkeys(("postgres", "postgresql", "sqlite", "database", "mysql"), ("sql",)),
    **dict.fromkeys(("image", "pictures", "jpg", "png"), ("folder", "images")),
    **dict.fromkeys(("all", "batch"), ("full",)),
    **dict.fromkeys(("file", "infile", "in"), ("input",)),
    **dict.fromkeys(("out", "outfile", "destination"), ("output",)),
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean x?` if a known word means the same or is close, else the list of known words."""
    names = sorted(known)
    near = same_but_for_signs(word, names) or [*synonym(word, names).values()] or _alike(word, names)
    if near:
        return f", did you mean {' or '.join(near[:3])}?"
    shown = ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")
    return f"; known: {shown}" if names else ""


def closest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The one known word that was probably meant: by its signs, by its meaning, or by its letters."""
    names = sorted(known)
    near = same_but_for_signs(word, names) or [*synonym(word, names)] or _alike(word, names, cutoff)
    return near[0] if near else None


def same_but_for_signs(word: str, known: Iterable[str]) -> list[str]:
    """The known words that differ from a word only in case, spaces and signs, as `min_max` from `minmax`."""
    plain = bare(word)
    return [name for name in sorted(known) if plain and bare(name) == plain]


def synonym(word: str, known: Iterable[str]) -> dict[str, str]:
    """The known words that other libraries call so -> as they are shown, perhaps with a remark."""
    names = set(known)
    parts = [name.partition(": ") for name in SYNONYMS.get(bare(word), ())]
    return {name: f"{name} ({remark})" if remark else name for name, _, remark in parts if name in names}


def _alike(word: str, names: list[str], cutoff: float = 0.6) -> list[str]:
    return difflib.get_close_matches(word, names, n=1, cutoff=cutoff)


def bare(word: str) -> str:
    """A word without case, spaces and signs."""
    return "".join(sign for sign in word.lower() if sign.isalnum())
