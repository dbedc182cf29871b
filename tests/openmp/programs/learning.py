# SPDX-License-Identifier: MIT OR Apache-2.0
"""scikit-learn: gradient boosting, k-means and neighbours, whose loops are OpenMP's in Cython. Sums of threads come in any
order, with any library, so numbers may differ in their last digits."""
import numpy
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs, make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import NearestNeighbors

features, classes = make_classification(2000, 20, random_state=1)
boosted = HistGradientBoostingClassifier(max_iter=10, random_state=1).fit(features, classes)
print("boosting", *boosted.predict_proba(features[:200])[:, 0])
points, _ = make_blobs(3000, 8, centers=8, random_state=2)
means = KMeans(8, n_init=2, random_state=1).fit(points)
print("k-means", means.inertia_, *numpy.sort(means.cluster_centers_, axis=0).ravel())
distances, _ = NearestNeighbors(n_neighbors=3, algorithm="brute").fit(points).kneighbors(points[:300])
print("neighbours", *distances.ravel())
