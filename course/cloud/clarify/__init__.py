"""SageMaker Clarify's processing image: bias metrics and SHAP values from an analysis configuration."""
