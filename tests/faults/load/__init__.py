"""The steady load: platforms that post, reps who report, endpoints that are told, and the witnesses beside them."""
